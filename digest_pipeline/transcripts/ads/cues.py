"""The language of podcast advertising: what sponsor reads, promotions, openings and closings say, as families of cues.

Cues are looked for in ``plain`` text, which keeps only what raw speech recognition gives as well: lower-case words
without punctuation. So a publisher's transcript and a recognised one are judged alike.
"""

import re

_TLD = (
    r"(?:com|org|net|io|co|ai|dev|app|fm|tv|me|ly|gg|so|sh|us|uk|ca|eu|de|info|blog|shop|store|health|life|news|live|show|"
    r"coffee|bio|edu|gov|earth|build|link|team|work|money|care|world|run|social|space|page|site|online|xyz|studio|cloud|tech|jobs|club|example)"
)
_NUMBER = r"(?:\d+|a|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred)"
_SHOW = r"(?:show|podcast|episode|program|series|conversation|broadcast)"
_SELF = r"(?:our|my|the|this|your|today's|this week's|this month's)"

FAMILIES: dict[str, str] = {
    # A read opens, or closes, by naming the one who pays.
    "sponsor": rf"brought to (?:you|us) (?:today |in part |also )?by|(?:is|are|was|been) (?:also )?(?:sponsored|supported|presented|underwritten|powered) by|"
    rf"made possible by|(?:word|message|minute|moment) (?:or two )?(?:from|for|about) {_SELF}(?: \w+)? (?:sponsors?|partners?|friends)|"
    rf"support (?:for|of) (?:this|the|today's|our) {_SHOW}|support (?:for|of) [\w ]{{3,40}} (?:comes|is provided)|comes from \w+ (?:\w+ )?(?:makers?|the)|"
    rf"{_SELF}(?: \w+)? sponsors?\b|sponsors? (?:for|of) (?:this|the|today)|for sponsoring|their support of|(?:supporting|sponsoring) (?:this|the|our|today's) {_SHOW}|"
    r"(?:our|my) (?:good |great )?(?:friends|partners|pals) (?:over )?(?:at|from)|in partnership with|paid (?:partnership|promotion|content)|sponsored (?:by|content|news|segment|message)|"
    r"advertisement|ad read|additional support|supported by (?:our|listeners)|our sponsor",
    # What hardly anybody says who does not advertise.
    "certain": rf"(?:be|we'll be|come) (?:right )?back (?:after|in (?:just )?a)|after (?:the|this|these) (?:short |quick )?(?:break|messages)|stay with us|ad (?:break|read)\b|commercial break|"
    rf"(?:offer|sale) ends|for a limited time|investing involves|void where|see (?:site|store) for|on approved credit|securities offered|your local \w+ dealer|monthly fees|"
    rf"(?:percent|dollars) off (?:any|your|this|with|when)|off your first|first (?:month|purchase|order|box|bag|week) (?:is )?(?:free|of)|with your first|\d+ (?:day|night) trial|night trial|(?:first|three|two|six|one) months? free|months? for free|dollar (?:per month )?trial|"
    rf"download the app|download \w+ (?:today|now)|sign up (?:today|now|for your|at)|(?:get|learn|find out|see) more (?:today )?at|(?:subscribe|sign up|visit|over to|go to|check out|more at|try it at) (?:\w+ ){{0,3}}dot {_TLD}\b|substack\b|use my link|"
    rf"wherever (?:books|fine books)|(?:book|album) is (?:called|out)|new episodes (?:drop|every|out|come)|follow (?:\w+ ){{1,4}}wherever|search for (?:\w+ ){{1,4}}(?:in|on|wherever)|a new podcast|book a (?:free )?demo|(?:join|become) (?:a |our )?(?:patreon|patrons?|members?)\b|"
    rf"(?:early access|ad free) (?:episodes?|feed|content)|private feed|bonus (?:feed|content)|(?:link|links) (?:is|are|'s)?\s?(?:down )?(?:below|in the (?:show ?notes|description|bio))|tickets are|on sale now|"
    rf"back to (?:the|our) (?:show|episode|conversation|interview|program)|(?:sponsoring|sponsors?) (?:this|our|today's) {_SHOW}|brought to you (?:today |in part )?by|(?:word|message|minute) (?:or two )?from {_SELF}(?: \w+)? (?:sponsors?|partners?|friends)|(?:today's|this week's|this episode's) (?:\w+ )?sponsors?|"
    rf"sponsors? (?:for|of) (?:this|the|today's) {_SHOW}|(?:{_SHOW}|news) is (?:sponsored|supported|made possible) by|(?:our|my) thanks to|for sponsoring|support of (?:this|the) {_SHOW}|sponsored (?:news|segment|content|message)|"
    rf"our (?:good |great )?friends over at|support for (?:this|the|today's) {_SHOW}|(?:promo|discount|coupon|offer|checkout) code|use (?:the |our |my )?code|no credit card|money back guarantee|percent off your|"
    rf"(?:your|start a|get a|\d day) free trial|free shipping|terms apply|member fdic|\w+ (?:dot )?com slash|dot {_TLD} slash \w+|(?:following|this) message comes? from|members? (?:fdic|sipc)|not available in all states|new customers only|use as directed|(?:savings|results) (?:may|will) vary|listeners like you|each week on|rate and review|(?:leave|write)(?: us)? an? (?:\w+ )?review|wherever you (?:get|listen to|find) (?:your )?podcasts|patreon (?:dot )?com|"
    rf"become an? (?:paid |monthly )?(?:member|patron|subscriber)|tell them (?:we|\w+) sent|sign up for (?:our|my) (?:\w+ )?newsletter|links? (?:is|are|will be) in the (?:show ?notes|description)",
    # Small print, as it is read out fast at the end of a spot.
    "small_print": r"(?:ask|tell|talk to|consult) your (?:doctor|physician|dermatologist|pharmacist|vet\w*|provider)|may (?:occur|cause)|use (?:only )?as directed|if you(?:'re| are) (?:pregnant|nursing|allergic)|(?:are|is) allergic to|prescription (?:only|required)|(?:individual )?results (?:may|will) vary|moderate to severe|"
    r"(?:savings|coverage|prices?|rates?|offers?|terms|availability|participation) (?:may|will|can)? ?(?:vary|apply|differ)|not available in all|(?:new|existing) customers only|for new customers|by new customers|(?:and|or) (?:its )?affiliates|insurance company|members? (?:fdic|sipc|finra)|nmls|equal (?:housing|opportunity)|"
    r"(?:annual|monthly|upfront) (?:payment|billing|plan|fee)|(?:payment|purchase|subscription|plan) (?:is )?required|no purchase necessary|participating (?:locations|stores|restaurants|dealers)|while supplies last|exclusions|limitations apply|subject to (?:credit|change|approval|terms)|eighteen (?:plus|and over|or older)|twenty one (?:plus|and over|or older)|"
    r"gambling problem|drink responsibly|gamble responsibly|please (?:read|drink|play)|full terms|prospectus|underwritten by|licensed (?:in|therapist)",
    # What a shop, a bank or a car maker says on the radio.
    "spot": r"(?:in store|in stores)\b|shop (?:in|now|online|the|our|at)|on everything|site ?wide|(?:holiday|summer|spring|winter|fall|black friday|cyber monday|memorial day|labor day) (?:sale|deals?|savings|event|season)|deals\b|gifts? for (?:everyone|every|the)|same day|next day delivery|right to your|delivered to|at a price|at prices|for (?:way )?less\b|"
    r"(?:make the )?switch(?:ing)? to|make the switch|when it comes to|ready to|say hello to|meet the|introducing|discover (?:the|your|how|what|why)|upgrade your|treat yourself|you deserve|join (?:the )?(?:over |more than )?(?:\w+ )?(?:million|thousand)s?|(?:millions|thousands|hundreds) of (?:people|customers|businesses|companies|teams|families|drivers|listeners|members)|"
    r"imagine (?:if|being|having)|what if you could|ever (?:wish|feel|wonder|notice|find)|struggling (?:with|to)|(?:it|that)'s why (?:we|i|they|there's|you|more|millions)|so why not|don't wait|find your|(?:feel|look|sleep|eat|live|work|save|start) (?:better|more|smarter|today|now)|"
    r"game changer|life ?saver|my go to|i(?:'m| am) obsessed|sent me|hooked (?:us|me|you) up|can't recommend|(?:i|we) (?:signed|switched|started using)|all in one place|the people who pay|mattress|vitamins?|electrolytes|protein|razor|therapy|therapist|vpn|meal kit|wireless",
    # Public media, clubs and charities.
    "patronage": r"(?:this|the following) message (?:comes|is)|(?:following|next) message|messages? comes? from|support (?:for|of) [\w ]{2,40}(?:comes|come|program|podcast|show)\b|listeners like you|(?:your|their|our) (?:local )?(?:public )?(?:radio |member )?stations?\b|pledge (?:drive|week)|donors?\b|give (?:now |today )?at|every (?:gift|dollar|bit) |(?:doubl|match)\w+ (?:every|your|all) (?:gift|donation)|"
    r"tax deductible|non ?profit|couldn't (?:make|do) (?:this|it) without|could not (?:make|do) (?:this|it) without|thank you (?:to|for) (?:our|your|all) (?:\w+ )?(?:supporters|support|patrons|members|donors|sponsors)|new(?:est)? (?:patrons|members|supporters)",
    # Courses, events, books of one's own.
    "wares": r"(?:my|our) (?:new |next |online |free )?(?:book|course|workshop|cohort|masterclass|class|bootcamp|program|album|memoir|novel|app|store|shop)\b|in paperback|hardcover|audio ?book|pre ?orders?|signed (?:one|copy|copies)|(?:live|first) (?:taping|show|recording|tour)|pre ?sale|(?:grab|get|buy|book) (?:your|a) (?:seats?|tickets?|spots?|copy|place)|"
    r"sell(?:ing)? out|sold out|spots (?:left|are|available)|enroll|(?:doors|applications|registration) (?:open|close)|house ?keeping|announcements?\b|scholarship|details (?:are )?(?:in|at)|if you(?:'re| are) on (?:the|our|my) (?:email )?list|on with the show|quick plug|(?:we're|we are|they're) hiring",
    "break": r"(?:quick|short|brief|commercial|ad|little) break|(?:be|come|we're) (?:right )?back (?:after|in|with|to)|be right back|after (?:the|this|these) (?:\w+ )?(?:break|messages|word)|stick around|stay (?:with us|tuned)|"
    r"back to (?:the|our|my) (?:show|episode|conversation|interview|program)|(?:let's|we'll) take a (?:quick |short )?(?:second|moment|minute|break)|pause for|when we (?:return|come back)|stay (?:here|right there|close)|more (?:of|from|with) [\w ]{2,30} (?:in a (?:moment|minute)|after|when)|in (?:just )?a (?:moment|minute|sec|second)|(?:a )?few words from|that's coming up|coming up (?:next|after)|(?:okay|alright|all right|now) back to|before we (?:get|go|jump|dive|keep|continue|start|begin|move)\b|"
    r"(?:one|a) quick (?:thing|note|favor|reminder|word|plug)|slight plug|shameless plug|quick plug|just a (?:quick )?reminder|and we're back",
    "offer": rf"(?:promo(?:tional)?|discount|coupon|offer|referral|voucher|checkout) codes?|coupon|(?:use|with|enter|using) (?:\w+ ){{0,3}}?code\b|{_NUMBER} (?:percent|dollars) off|percent off|(?:dollars|bucks|half) off|off your (?:first|next|order|entire|annual)|"
    rf"free trial|try (?:it|\w+) (?:out )?(?:for )?free|{_NUMBER} (?:day|night|week|month)s? (?:free|trial)|free (?:for|trial|shipping|account|month|months|tier|plan|gift|bag|download|delivery|copy)|(?:months?|weeks?|days?|year) (?:for )?free|for free\b|"
    r"money back|no credit card|cancel any ?time|risk free|at no (?:extra )?cost|limited time|save (?:up to|over|an? )|savings?\b|(?:special|exclusive) (?:offer|deal|discount|financing|price)|on sale|(?:dollars|bucks) (?:a|per) (?:month|year|week)|"
    r"early bird|starting at|as low as|less than a (?:penny|cup|dollar)|(?:first|next) (?:purchase|order|month|box|invoice|bag) |free with|at checkout|premium account|today only|this week only|while supplies",
    "action": rf"(?:go|head|hop|jump|swing|come) (?:on )?(?:over )?(?:now |right now |on over |over )?to (?:\w+ ){{0,4}}?(?:dot|{_TLD}|slash|website|site|link)\b|visit (?:us |them |our |\w+ dot|\w+ {_TLD}|your local)|check (?:it|them|us|that|this|those|these|him|her) out|check out (?:our|my|the|their|\w+ dot|\w+ {_TLD})|"
    r"sign up|subscribe|get started|learn more|find out more|read more|more (?:info|information|details) (?:at|on)|download (?:the|it|our|your|\w+ today|\w+ the)|book (?:a|your) (?:demo|call)|(?:get|see|request|book) a demo|start your|claim your|order (?:now|yours|today)|shop (?:now|at)|"
    r"click (?:the|on|that) (?:link|button|banner)|links? (?:is|are|will be|to|in|down)|(?:show ?notes|description) (?:below)?|follow the link|tap the|text \w+ to|call (?:now|us|in|one eight hundred|\d)|give (?:it|them|us) a (?:try|shot|call|follow)|tell (?:them|em) (?:we|\w+ \w+|i) sent|"
    r"save your (?:seat|spot)|register (?:now|today|at|for)|apply (?:now|today|at)|try (?:it|\w+) (?:out )?(?:today|now|yourself)|see (?:for yourself|site)|join (?:us|now|today|the (?:free|team|waitlist))|download \w+ (?:today|now)|use my link|let them know|search for",
    "address": rf"\w+ dot {_TLD}\b|www\b|dot com\b|(?:{_TLD}|dot \w+) slash|slash \w+|that's (?:\w ){{2,}}|(?:letter|spelled) \w\b|all (?:one word|lower ?case)|at \w+ dot|(?:email|write|reach|e mail) (?:to )?(?:us|me|the show) at|@\w+|hashtag",
    "pitch": r"whether you're|(?:are you |if you're |you're )?(?:tired of|sick of|looking for a)|say goodbye to|no (?:contracts?|hidden|minimums?|fuss|surprises)|(?:makes?|making) it (?:so |super |really )?(?:easy|easier|simple)|easier than ever|all in one|(?:trusted|loved|used) by|"
    r"helps? you|lets you|allows you to|gives? you (?:the|all|access|everything)|everything you need|so (?:that )?you can (?:focus|get|keep|spend)|in (?:just )?(?:minutes|seconds|\w+ clicks?)|with (?:just )?(?:one|a) (?:click|tap)|right to your (?:door|inbox)|seamless(?:ly)?|effortless(?:ly)?|"
    r"leading|award winning|number one|world class|cutting edge|state of the art|next level|peace of mind|from the comfort|designed (?:to|for)|built (?:for|by)|powered by|the only|the best way|the easiest way|introducing|available (?:now|wherever|at)|get access|unlimited|personalized|"
    r"premium|features? (?:like|such|include)|integrat\w+ with|works with|scales? with|take control|your (?:whole |entire )?(?:team|business|company|privacy|home|door|family|money|data) |i(?:'ve| have) been using|i (?:personally )?use (?:it|this|them|\w+ every)|highly recommend|recommend (?:it|you|them)|"
    r"members save|customers (?:say|love)|money in|satisfaction|guaranteed?|fully deployed|protects? your|subscription|app that|easy to use|user friendly",
    "legal": r"terms and conditions|terms apply|restrictions apply|member fdic|fdic|past performance|(?:not|isn't|nor) (?:be )?(?:considered )?(?:\w+ ){0,3}(?:advice|recommendation)|investing involves|see site|for details|on approved credit|equal housing|void where|listener discretion|"
    r"views expressed|opinions expressed|do not (?:necessarily )?(?:reflect|represent)|for (?:informational|entertainment|information)|all rights reserved|copyright|side effects|ask your doctor|taxes and fees|strong language|viewer discretion",
    "support_us": r"rate and review|(?:leave|write|drop|give)(?: us| me| a| an| the show)* (?:honest |quick |nice |five star |short )?(?:review|rating|comment|voice ?mail)|five stars?|(?:hit|smash|click)(?: that| the| on)* (?:like|subscribe|bell|follow|notification)|like and subscribe|newsletter|patreon|patrons?\b|"
    rf"(?:become|be|becoming|being) an? (?:\w+ )?(?:member|patron|subscriber|supporter|super\w+)|(?:join|joining) (?:our|us|the|my)(?: \w+)? (?:community|discord|slack|zulip|mailing list|membership|patreon|club|chat)|members? (?:get|only|special|program)|membership|(?:paid|premium) (?:subscri\w+|members?)|"
    rf"support (?:us|the show|this show|the podcast|our work|my work|me|the project|what we do)|(?:donate|donation|donating)|ad free|bonus (?:episodes?|content)|early access|(?:private|members) feed|merch\w*|t shirts|swag|stickers|(?:in|on|to|join) (?:the|our) (?:discord|slack|zulip)|"
    rf"(?:send|give|leave|email|drop|shoot) (?:us|me) (?:your |an? |some )?(?:\w+ )?(?:feedback|questions?|note|email|message|e mail|line|voicemail)|(?:follow|find|reach|tweet|hit) (?:us|me)(?: up)? (?:on|at)|follow (?:the|this|our) {_SHOW}|share (?:it|this|the)(?: \w+){{0,2}} with|tell (?:a|your) friends?|"
    r"on (?:all the |all )?socials\b|wherever you (?:get|listen|find|are|might)|(?:my|our|his|her) (?:new )?(?:book|course|album|youtube channel|substack|blog) (?:is|called|at|comes|out|dot)|"
    r"tickets|on tour|live show|submit (?:a|your|an)|we're hiring|would love to (?:hear|have you|see you)|love to hear from you|hear from you|get in touch|reach out to us|our (?:listeners?|supporters|members)|if you (?:like|enjoy\w*|love|liked) (?:this|the|our|what|listening)|if you'd like to (?:be|become|support|submit|join|learn)|if you want to (?:join|support|become|learn|follow|be a|find|hear)",
    "platform": r"(?:on|at) (?:\w+ )?(?:twitter|mastodon|bluesky|blue sky|instagram|linkedin|tiktok|youtube|facebook|threads|keybase)\b|apple podcasts|spotify|overcast|podcast (?:app|player)s?|(?:my|our|his|her) (?:handle|website|twitter)|show ?notes|discord\b|members?\b",
    "opening": rf"previously on|from the [\w ]{{3,30}} (?:newsroom|studios?)|from \w+(?: \w+)? (?:studios?|media|radio|public)\b|this is (?:[\w']+ ){{1,5}}(?:i'm|from|with)|i'm \w+ \w+ (?:this is|and this is|and you're)|contains (?:descriptions|strong|mentions|adult)|{_SHOW} is separate|welcome (?:back )?(?:everyone |everybody |friends |all )?to\b|welcome (?:back|everyone|everybody|friends)\b|you(?:'re| are) listening to|hello and welcome|(?:hello|hi|hey|good morning|what's up|what up) (?:everyone|everybody|friends?|folks|listeners|nerds|there|all|\w+ party)|this is (?:the )?[\w' ]{{2,40}} (?:{_SHOW}|with)|"
    rf"(?:i'm|i am|my name is|this is) (?:your (?:host|internet friend)|\w+ \w+ (?:and|i'm|i am|from|with|here)|\w+ and)|i'm your|your (?:hosts?|internet friend)\b|(?:with me|joined) (?:today |by |as always |here )|as always|with me (?:is|as)|(?:my|your|our) (?:co ?host|guests?) (?:today|is|are|\w+)|"
    rf"co ?hosts?|(?:the|a|your|our) (?:\w+ )?{_SHOW} (?:where|about|that|for|dedicated|all about)|(?:on|in) (?:today's|this week's|this) {_SHOW}|today (?:on|we're|we are|i'm joined|we have|we welcome)|on the show (?:today)?|episode (?:number )?\d+|live from|from [\w ]{{2,20}} (?:this is|you're)|is back on (?:the )?|"
    r"hope you enjoy|without further ado|let's (?:get (?:into|started)|dive in|jump in|get to it)|looking forward to (?:our|this|the|hearing|your) (?:conversation|chat|interview|episode)?|thanks? (?:you )?(?:so much )?for (?:being here|joining|coming|having|hopping)|in the studio|excited to (?:have|be)|it's (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)|for the week of",
    "farewell": r"(?:thanks?|thank you)(?: so much| again| very much| everyone| you| guys| all| as always)* for (?:listening|tuning in|joining us|watching|hanging out)|(?:see|talk to|catch) (?:you|ya|y'all)(?: all)?(?: again)? (?:next|soon|on the next|in two)|"
    r"that's (?:all|it|our show) for (?:this|today|now)|until next (?:time|week)|have a (?:great|good) (?:week|weekend|day)|(?:produced|edited|mixed|mastered) by|(?:theme )?music (?:is |was )?by|bye\b|hope you enjoyed",
    "welcome": rf"welcome (?:back )?to (?!my\b|our office)|you(?:'re| are) listening to|this is [\w' ]{{2,40}} (?:{_SHOW})|(?:i'm|i am) your host|(?:the|a) {_SHOW} (?:where|about|that)|hello and welcome|what(?:'s)? up (?:nerds|friends|everyone|everybody)|live from \w+ (?:\w+ )?this is|hope you enjoy",
    "closing": r"(?:thanks?|thank you|appreciate)(?: so much| again| very much| everyone| you| guys| all| for| to| everybody| once again)* (?:for )?(?:listening|tuning in|tuning|joining|watching|being here|having|coming|your time|you time|hanging out|taking the time|spending|sharing)|that's (?:all|it|our show|the show|a wrap)\b|that'll (?:be it|do it)|that (?:is|will be) (?:all|it) for|"
    r"(?:see|catch|talk to|hear from|be with|speak to) (?:you|ya|y'all|all)(?: all| guys)?(?: again)? (?:next|again|in|soon|on the next|later|then|tomorrow|real soon)|(?:until|till) (?:next|then)|next (?:time|week's|episode)|(?:good)?bye\b|ciao|cheers|signing off|so long|take care|have a (?:great|good|lovely|nice|wonderful) (?:\w+ )?(?:week|day|weekend|one|rest|evening|night)|"
    r"(?:produced|edited|hosted|engineered|mixed|mastered|recorded|written|created) (?:and \w+ )?by|(?:executive |senior )?producers?\b|sound design|theme (?:music|song)|music (?:is|was|by|comes|from)|fact check\w*|special thanks|production of|is a production|has been an? |show ?notes|full transcript|coming (?:soon|up)|"
    r"(?:we'll|we will|i'll) (?:have|be back|see|talk|catch|put|link|be)\b|another (?:one|episode) out|(?:where|how) can (?:people|folks|listeners|we|they|our listeners) (?:find|follow|reach|learn|go|connect)|anything (?:else|left)|find you|stay tuned|let's call it|call it a (?:show|day|wrap)|hope you (?:enjoyed|liked)|great (?:episode|conversation|chat)|"
    r"peace\b|(?:my|your) pleasure|it's been (?:a pleasure|awesome|great|fun)|this was (?:great|fun|awesome|so much fun)|for this (?:week|episode)|in (?:two|a couple) weeks|thanks again|did we|friends\b",
    "cross": rf"(?:i'm|i am|it's|hi) [\w ']{{3,25}} (?:the )?(?:co )?hosts? of|hosted by|(?:each|every) (?:week|day|episode|month|monday|tuesday|wednesday|thursday|friday)|from the (?:producers|studio)|(?:\w+ )?part (?:series|investigation|podcast)|(?:coming|in|on) (?:to )?(?:your|this|our) feed|all episodes|here's a (?:clip|trailer|preview|sneak|taste)|right here in|"
    rf"listen (?:to|now|wherever|for free)|in this app|sneak (?:peek|preview)|you(?:'ll| will|'re going to) (?:really )?(?:like|love) (?:it|this)|new (?:podcast|show|season|episodes?)|(?:new )?episodes? (?:drop|drops|every|come out|out now|coming)|season (?:one|two|three|four|\d)|from the (?:team|people|makers|creators|hosts) (?:behind|who|of)|listen (?:to|on|now|wherever|early|ad free) |our (?:other|sister|network)|check out (?:our|my|the) (?:other |earlier |previous |last )?{_SHOW}|earlier episodes?|"
    rf"(?:great |old |past |previous )episodes?|next (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)|webinar|conference|(?:this|next) (?:thursday|tuesday|friday)|podcast network|available on|out now|pre ?order|wherever books",
    # Who is spoken to: the listener, not the guest.
    "audience": r"(?:if )?you(?:'re| are) (?:\w+ ){0,4}listening\b|(?:for|to) (?:all )?(?:our|those|the|my|anyone|everyone|anybody) (?:\w+ ){0,2}listen(?:ers?|ing)\b|(?:hey|dear|hello|our|other) listeners?\b|listeners (?:should|can|could|will|to)|"
    r"(?:encourage|invite|recommend|urge) (?:\w+ ){0,3}(?:people|everyone|folks|listeners|those|you|anyone)\b|if (?:anyone|anybody|people|folks|someone|you)(?:'s| is| are| out there|'d| would)? (?:\w+ )?(?:want|wants|interested|like|likes) to (?:find|follow|reach|get|learn|try|check|see|join|know|hear|support|share|come|connect|submit|sponsor|donate)|"
    r"you should (?:definitely |totally |really )?(?:check|go|follow|listen|try|join|subscribe|read)|definitely (?:check|go|follow|recommend|write)|(?:go|please) (?:go )?(?:check|listen|follow|watch|read|subscribe|buy|get yourself|get some)|"
    r"y'all",
    # Handles, and where somebody or something is found.
    "handle": r"(?:my|your|his|her|their|our) (?:\w+ )?(?:handle|username|website|site|blog|github|linkedin|twitter|mastodon|channel|profile|dms?)\b|(?:i'm|i am|we're|he's|she's) (?:also |mostly |just )?(?:on|at) (?:the )?(?:\w+ )?(?:twitter|x|mastodon|bluesky|blue sky|linkedin|discord|github|slack|youtube|socials?|instagram|threads)\b|"
    r"(?:find|follow|reach|contact|message|tweet|google) (?:me|us|you|him|her|them|it|\w+) (?:on|at|at|out|over|there|via|through)\b|(?:twitter|github|discord|slack|zulip|youtube|mastodon|blue ?sky) (?:dot com|handle|channel|account|server|community|page)|"
    r"reach out to|starter packs?",
    # An appeal for a good cause.
    "appeal": r"fundrais\w+|rais(?:e|ed|ing) (?:money|funds|over|more than|as much|a staggering|awareness|\d)|every (?:little |single )?(?:bit|dollar|donation) (?:helps|counts)|life ?saving|(?:support|further) the (?:\w+ ){0,2}(?:mission|work|cause|campaign)|"
    r"need your (?:help|support)|your (?:continued )?(?:support|generosity|donation|gift)\b|generosity|(?:tele|podcast)(?:a)?thon|campaign|cure\w*|(?:children'?s?|research) hospital|awareness month|donors?\b|"
    r"individual gift|charit\w+|milestones?|stretch goals?|good cause",
    # An event that one is asked to come to.
    "event": r"(?:call for|submit|submitting|propose|giving) (?:a |your )?(?:talks?|papers|proposals?)\b|cfps?\b|(?:we'll|i'll|we will|i will|we're|i'm|will) (?:all |both |also |probably |definitely )*be (?:at|there|in|speaking|hosting|attending|giving|holding)|"
    r"(?:see|meet|find) (?:you|us|me|y'all) (?:there|at|in)\b|(?:our|a|the|have a) booth\b|(?:come|stop|swing|say) (?:by|hi|hello|hang|find|see|join|visit|meet)\b|join us|live ?streams?\b|meet ?ups?\b|(?:this|next|in) (?:january|february|march|april|may|june|july|august|september|october|november|december)\b|"
    r"(?:january|february|march|april|june|july|august|september|october|november|december) (?:\d+|the|\w+(?:st|nd|rd|th))\b|(?:early bird|register|registration|tickets?|workshops?|speakers?|keynotes?)\b|summit\b|"
    r"taking place",
    # The talk is announced, or comment on it is asked for.
    "teaser": r"(?:let's|we'll|so let's) (?:jump|dive|get|hop|go) (?:right |straight |on )?(?:in|into|over|to it|to the)\b|enjoy (?:the|this|our|my)|(?:on|in) (?:this|today's) (?:\w+ ){0,2}(?:episode|show|edition)|keep you (?:\w+ )?connected|"
    r"level up|(?:today|this week) (?:we're|we are|i'm|i am|i talk|we talk|on)|we'll talk to you|we're (?:going to|gonna) (?:talk|chat|be talking) (?:to|with|about)|(?:i'm|we're|here|joined|i am|we are) (?:here |joined )?(?:today )?(?:with|by)\b|"
    r"so excited (?:about|for|to have)|with us (?:today|is)|feedback|let us know|(?:write|email|mail|message|send) (?:us|in|me)\b|(?:your|any|other) (?:comments?|suggestions?|topics?|ideas? for)|(?:sharing|shared|share) (?:it|the (?:show|podcast|episode))|"
    r"(?:read|reply to) (?:all )?(?:of )?(?:the|them|your|every)\b|another episode|(?:previous|last|earlier|an?) (?:\w+ )?(?:episode|show) (?:we|i|about|with|on)|plus plus|bonus|ad free|without ads|sticker(?:s| pack)?|"
    r"wallpapers?|members?(?:hip)?\b",
}
# Talk, not advertising: someone tells, argues, asks or doubts.
AGAINST: dict[str, str] = {
    "story": r"i (?:was|had|did|went|said|thought|remember|felt|started|got)|he|she|they (?:were|had|did|said)|we (?:were|had|did|started|went)|years ago|back then",
    "argument": r"because|actually|i think|i guess|i don't know|maybe|probably|i mean|you know|kind of|sort of|the problem|the reason|for example|in terms of|basically|essentially",
    "question": r"what (?:do|did|does|is|are|was|about)|how (?:do|did|does|is|are)|why (?:do|did|is|are|would)|do you|did you|are you|can you|could you|would you|right\b",
}
# For lower-case text alone: where case counts, an alternative that begins with another letter is passed over at once.
CUES = {name: re.compile(rf"\b(?:{words})") for name, words in (FAMILIES | AGAINST).items()}


def plain(text: str) -> str:
    """Lower-case words as raw recognition writes them: no punctuation, addresses and percent signs spoken out.

    Example:
        >>> plain("Get 20% off at Larkspur.dev/coffee, today!")
        'get 20 percent off at larkspur dot dev slash coffee today'
    """
    text = text.lower().replace("’", "'")
    text = re.sub(r"https?://\S+", " ", text)  # printed, not said
    text = re.sub(r"(?<=\w)\.\s?(?=(?:com|org|net|fm|io|dev)\b)", " dot ", text)
    text = re.sub(r"(?<=[a-z0-9])\.(?=[a-z]{2,})", " dot ", text)
    text = re.sub(r"(?<=[a-z])/\s?(?=[a-z])", " slash ", text)
    text = text.replace("%", " percent ").replace("+", " plus ")
    text = re.sub(r"[$€£](\d[\d,.]*)", r"\1 dollars", text)
    return " ".join(re.sub(r"[^\w@']+", " ", text).replace(" '", " ").split())

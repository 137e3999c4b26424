"""Language models behind any provider that litellm reaches: asked within a budget, booked call by call, paid once.

Nothing here knows what is asked; the stages bring prompts, schemas and readers of replies.
"""

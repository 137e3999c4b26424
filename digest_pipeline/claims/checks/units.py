"""Units of measure by their spellings. English."""

_SPELLINGS = """
percent: %, per cent
points: percentage points, percentage point
dollar: $, bucks, usd
euro: €
sterling: £
pound weight: pounds of, pound of, lb, lbs
pound
cent
second: s, sec, secs
millisecond: ms
microsecond
nanosecond: ns
minute: min, mins
hour: hrs
day
week
month
year: yr, yrs
decade
century: centuries
bit
byte
kilobyte: kb
megabyte: mb
gigabyte: gb, gig, gigs
terabyte: tb
petabyte: pb
hertz: hz
kilohertz: khz
megahertz: mhz
gigahertz: ghz
watt
kilowatt: kw
megawatt: mw
gigawatt: gw
terawatt: tw
watt hour: wh
kilowatt hour: kwh
megawatt hour: mwh
gigawatt hour: gwh
terawatt hour: twh
volt
joule
gram: g
milligram: mg
microgram
kilogram: kg, kilo, kilos
ton: tonne, tonnes
ounce: oz
litre: liter, liters, l
millilitre: milliliter, milliliters, ml
gallon
barrel
metre: meter, meters
nanometre: nanometer, nanometers, nm
micrometre: micrometer, micrometers, micron, microns
millimetre: millimeter, millimeters, mm
centimetre: centimeter, centimeters, cm
kilometre: kilometer, kilometers, km
mile
foot: feet, ft
inch: inches
yard
square foot: square feet, sq ft
square inch: square inches
square metre: square meter, square meters, sqm
square kilometre: square kilometer, square kilometers
square mile
cubic foot: cubic feet
cubic metre: cubic meter, cubic meters
acre
hectare
degree
calorie
kilocalorie: kcal
times: x, fold
"""


def _units() -> dict[str, str]:
    units = {}
    for line in _SPELLINGS.strip().splitlines():
        unit, _, spellings = line.partition(": ")
        for spelling in (unit, f"{unit}s", *filter(None, spellings.split(", "))):
            units[spelling] = units[spelling.replace(" hour", "-hour")] = unit
    return units


UNITS = _units()
# "pounds" alone may be of money or of weight
AMBIGUOUS = {"pound": frozenset({"sterling", "pound weight"})}

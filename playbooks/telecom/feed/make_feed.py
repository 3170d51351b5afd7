#!/usr/bin/env python3
"""Writes six_weeks.jsonl: six invented weeks in the life of an operator of mobile and fibre lines.

    python3 playbooks/telecom/feed/make_feed.py            # rewrites the file beside this script
    python3 playbooks/telecom/feed/make_feed.py --check    # exit 1 if the committed file differs

About 1,300 lines from Monday 2026-04-13 to Sunday 2026-05-24 (1 May is a holiday), in the order in which they arrive:
some come late, some twice, one far too late. Customers, addresses and sentences are invented. The seed is fixed and
only `random.random()` is used, so the bytes never change.

Two layers: a plain background, and the stories of the customers C1 to C49, which make each shipped rule fire, and each
guard say no, at least once. All times are those of Vilnius.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the playbooks

from verbatims import FINE_PRINT, LEAVING, MIDDLING, POOR, PRAISE

OUT = Path(__file__).with_name("six_weeks.jsonl")
START = datetime(2026, 4, 13)
WEEKS = 6
VILNIUS = timezone(timedelta(hours=3))  # summer time from the first day to the last

# area: (zone, the languages of its customers, most frequent first, the partner who sends technicians)
AREAS = {
    "A11": ("Europe/Vilnius", "lt lt ru pl", "P1"),
    "A12": ("Europe/Vilnius", "lt ru lt en", "P1"),
    "A13": ("Europe/Vilnius", "ru lt", "P3"),
    "A21": ("Europe/Vilnius", "lt lt en", "P3"),
    "A22": ("Europe/Vilnius", "lt ru", "P3"),
    "A31": ("Europe/Warsaw", "pl pl pl en", "P2"),
    "A32": ("Europe/Warsaw", "pl pl ru", "P2"),
}
SEGMENTS = ["home", "family", "home", "prepaid", "home", "business"]
DESK_OF = {"phone": ["D1", "D1", "D2"], "chat": ["D3"], "shop": ["D4", "D5"]}
# topic: (contacts in an ordinary week, what the colleagues think of mending it)
TOPICS = {"no internet": (4, "long"), "slow internet": (1, "long"), "bill": (4, "long"), "television": (4, "long"),
          "no signal": (1, "long"), "app password": (3, "quick"), "move house": (3, "long"), "opening times": (4, "quick"),
          "invoice copy": (4, "quick"), "tariff": (4, "long")}
TOUCHPOINTS = ["internet", "hotline", "internet", "technician", "bill", "shop", "internet", "hotline"]
CHANNEL_OF = {"internet": "app", "hotline": "phone", "technician": "field", "bill": "email", "shop": "shop"}
PREFIXES = {"survey_response": "r", "enquiry": "e", "contact_rating": "k", "line_reading": "q", "chat_opened": "h",
            "chat_answered": "a", "fault_report": "f", "visit_due": "v", "technician_arrived": "t", "bill_issued": "b",
            "roaming_usage": "m", "port_in_requested": "n", "port_in_completed": "o", "port_out_requested": "x",
            "service_started": "s", "contract_ending": "c"}
SCORES = [10, 9, 8, 9, 3, 10, 7, 9, 6, 8]

dice = random.Random(20260413)


def pick(items):
    return items[int(dice.random() * len(items))]


def chance(share):
    return dice.random() < share


def day(week, weekday, hour=0, minute=0):
    """A wall-clock moment: week 1 to 6, Monday 0 to Sunday 6."""
    return START + timedelta(days=7 * (week - 1) + weekday, hours=hour, minutes=minute)


def working_hour(week, weekday=None):
    weekday = int(dice.random() * 5) if weekday is None else weekday
    return day(week, weekday, 8 + int(dice.random() * 11), int(dice.random() * 60))


class Feed:
    def __init__(self):
        self.lines = []  # (arrival instant, order of writing, object)
        self.counts = {}
        self.customers = {}

    def put(self, arrival, line):
        self.lines.append((arrival, len(self.lines), line))

    def signal(self, kind, moment, arrives=None, **fields):
        """Adds a signal; `arrives` is how long after it happened it comes in."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        at = moment.replace(tzinfo=VILNIUS)
        line = {"id": f"{PREFIXES[kind]}-{number:04}", "signal": kind, "at": at.isoformat()}
        line.update((name, value) for name, value in fields.items() if value is not None)
        self.put(at + (arrives or timedelta()), line)
        return line

    def facts(self, thing, id, moment, **facts):
        at = moment.replace(tzinfo=VILNIUS)
        self.put(at, {"thing": thing, "id": id, "at": at.isoformat(), "facts": facts})

    def action(self, action, moment, by, rule, key, **more):
        at = moment.replace(tzinfo=VILNIUS)
        self.put(at, {"action": action, "at": at.isoformat(), "by": by, "rule": rule, "key": key, **more})

    def again(self, line, after):
        """The sender's retry: the same line once more."""
        self.put(datetime.fromisoformat(line["at"]) + after, dict(line))

    def customer(self, id, area, segment, language, **more):
        self.customers[id] = {"area": area, "segment": segment, "language": language}
        self.facts("customer", id, START + timedelta(hours=6), segment=segment, language=language,
                   email=f"{id.lower()}@example.test", time_zone=AREAS[area][0], **more)


def language_of(feed, customer):
    return feed.customers[customer]["language"]


def somebody(feed):
    return pick([id for id in feed.customers if int(id[1:]) >= 100])


# ---------------------------------------------------------------- the background


def customers(feed):
    number = 99
    for area, (_, languages, _) in AREAS.items():
        spoken = languages.split()
        for place in range(12):
            number += 1
            feed.customer(f"C{number}", area, SEGMENTS[number % len(SEGMENTS)], spoken[place % len(spoken)])


def surveys(feed):
    for week in range(1, WEEKS + 1):
        for place in range(34):
            customer, touchpoint, score = somebody(feed), pick(TOUCHPOINTS), pick(SCORES)
            comment = None
            if chance(0.4):
                language = language_of(feed, customer)
                comment = pick(PRAISE[language] if score >= 9 else MIDDLING[language] if score >= 7 else POOR[touchpoint][language])
            nightly = timedelta(hours=9) if chance(0.03) else None  # with the night's export
            line = feed.signal("survey_response", working_hour(week), nightly, customer=customer, score=score, comment=comment,
                               touchpoint=touchpoint, channel=CHANNEL_OF[touchpoint])
            if chance(0.02):
                feed.again(line, timedelta(minutes=4))


def enquiries(feed):
    """Every customer asks about a thing once or twice; a new set-top box keeps the desks busy in the fourth week."""
    for week in range(1, WEEKS + 1):
        for topic, (usual, fix) in TOPICS.items():
            extra = 9 if topic == "television" and week == 4 else 5 if topic == "app password" and week in (2, 5) else 0
            for place in range(usual + extra):
                channel = pick(["phone", "phone", "chat", "shop"])
                feed.signal("enquiry", working_hour(week), customer=somebody(feed), desk=pick(DESK_OF[channel]), topic=topic,
                            fix=fix, channel=channel)


def ratings(feed):
    for week in range(1, WEEKS + 1):
        for desk in ("D1", "D2", "D3"):
            unsolved = desk == "D2" and week == 2  # the week of the new price list
            for place in range(13):
                customer = somebody(feed)
                business = feed.customers[customer]["segment"] == "business"
                # the chat asks everybody for a number that only private customers have
                effort = pick([2, 3, 3, 4]) if desk == "D3" and business else pick([5, 6, 7, 6, 5, 4])
                solved = not chance(0.55 if unsolved else 0.1)
                feed.signal("contact_rating", working_hour(week), customer=customer, desk=desk, effort=effort, solved=solved)
        for place in range(5):
            customer = pick([id for id, facts in feed.customers.items() if int(id[1:]) >= 100 and facts["segment"] == "business"])
            feed.signal("contact_rating", working_hour(week), customer=customer, desk="D3", effort=pick([2, 3, 4]),
                        solved=chance(0.9))


def lines(feed):
    """Readings of a waiting line at its busiest, five minutes apart."""
    for week in range(1, WEEKS + 1):
        for desk in ("D1", "D2"):
            for weekday in (0, 3):
                begins = day(week, weekday, pick([9, 11, 16]), int(dice.random() * 20))
                busy = weekday == 0 and (desk == "D1" and week in (2, 4) or desk == "D2" and week == 3)
                waits = [3, 7, 8, 9, 8.5, 7, 7, 4] if busy else [2, 3, 5, 7, 4, 3]
                for place, wait in enumerate(waits):
                    feed.signal("line_reading", begins + timedelta(minutes=5 * place), desk=desk, wait=wait)


def chats(feed):
    for week in range(1, WEEKS + 1):
        for place in range(4):
            opened, chat = working_hour(week), f"H{week}{place}"
            customer = somebody(feed)
            feed.signal("chat_opened", opened, customer=customer, desk="D3", chat=chat)
            feed.signal("chat_answered", opened + timedelta(minutes=pick([1, 2, 3, 6])), customer=customer, desk="D3", chat=chat)


def visits(feed):
    for week in range(1, WEEKS + 1):
        for place in range(6):
            customer = somebody(feed)
            area = feed.customers[customer]["area"]
            due, visit = day(week, pick([0, 1, 2, 3, 4]), pick([9, 11, 13, 15])), f"V{week}{place}"
            feed.signal("visit_due", due, customer=customer, partner=AREAS[area][2], area=area, visit=visit)
            feed.signal("technician_arrived", due + timedelta(minutes=pick([0, 5, 10, 25, 40])), customer=customer,
                        partner=AREAS[area][2], area=area, visit=visit)


def bills(feed):
    """A third of the customers have their bill on each of three days; most are as usual."""
    for place, customer in enumerate([id for id in feed.customers if int(id[1:]) >= 100]):
        usual = 14 + int(dice.random() * 30)
        zloty = AREAS[feed.customers[customer]["area"]][0] == "Europe/Warsaw"
        unit, usual = ("PLN", usual * 3) if zloty else ("EUR", usual)
        amount = usual * (2 if place % 23 == 7 else 1) + pick([0, 1, 2])
        moment = day(2 + place % 3, 1, 3, int(dice.random() * 60))
        feed.signal("bill_issued", moment, customer=customer, amount=f"{amount}.{pick(['00', '50', '90'])} {unit}", usual=f"{usual}.00 {unit}")


def faults(feed):
    for week in range(1, WEEKS + 1):
        for place in range(7):
            customer = somebody(feed)
            feed.signal("fault_report", working_hour(week), customer=customer, area=feed.customers[customer]["area"],
                        topic=pick(["no internet", "slow internet", "television"]))


def joiners(feed):
    for week in range(1, WEEKS + 1):
        customer, request = somebody(feed), f"N{week}1"
        moment = day(week, pick([0, 1]), 10 + week)
        feed.signal("port_in_requested", moment, customer=customer, request=request)
        feed.signal("port_in_completed", moment + timedelta(hours=26), customer=customer, request=request)


# ---------------------------------------------------------------- the stories


def say(feed, customer, moment, score, comment=None, touchpoint="internet", arrives=None):
    return feed.signal("survey_response", moment, arrives, customer=customer, score=score, comment=comment,
                       touchpoint=touchpoint, channel=CHANNEL_OF[touchpoint])


def ask(feed, customer, moment, topic, desk="D1", channel="phone", arrives=None):
    return feed.signal("enquiry", moment, arrives, customer=customer, desk=desk, topic=topic, fix="long", channel=channel)


def outage_stories(feed):
    # C1 to C5 live in Beržynas: a digger meets a cable on Tuesday evening; the network desk answers after ten minutes.
    for number, language in enumerate(["lt", "ru", "lt", "pl", "lt"], 1):
        feed.customer(f"C{number}", "A11", "home", language)
        line = feed.signal("fault_report", day(1, 1, 19, 2 * number), customer=f"C{number}", area="A11", topic="no internet")
        if number == 2:
            feed.again(line, timedelta(seconds=40))
    feed.action("acknowledge", day(1, 1, 19, 18), "network.desk@example.test", "faults_and_visits/outage_heard", {"area": "A11"})
    # Kopų Krantas in a Saturday night's storm: nobody answers, the field lead and the director are woken.
    for number in range(6, 11):
        feed.customer(f"C{number}", "A21", "family", pick(["lt", "en", "ru"]))
        feed.signal("fault_report", day(3, 5, 23, number), customer=f"C{number}", area="A21", topic="no internet")
    # Planned works in Nowe Ogrody: the customers have been told, the rule is told by a fact.
    feed.facts("area", "A32", day(4, 2, 6), works=True)
    for number in range(11, 15):
        feed.customer(f"C{number}", "A32", "home", "pl")
        feed.signal("fault_report", day(4, 2, 9, number), customer=f"C{number}", area="A32", topic="no internet")
    feed.facts("area", "A32", day(4, 2, 20), works=False)
    # Žvejų Įlanka: an announced test of the line; the rule looks on and says nothing.
    at = day(6, 2, 5).replace(tzinfo=VILNIUS)
    feed.put(at, {"action": "silence", "at": at.isoformat(), "by": "network.desk@example.test", "rule": "faults_and_visits/outage_heard",
                  "until": (at + timedelta(hours=2)).isoformat()})
    for number, customer in enumerate(("C17", "C45", "C49", "C44")):
        feed.signal("fault_report", day(6, 2, 5, 30 + number), customer=customer, area="A22", topic="no internet")


def visit_stories(feed):
    # C15: nobody comes; six days later nobody comes again, and the director has to hear of it.
    feed.customer("C15", "A31", "family", "pl")
    feed.signal("visit_due", day(2, 1, 13), customer="C15", partner="P2", area="A31", visit="V901")
    feed.signal("visit_due", day(3, 0, 9), customer="C15", partner="P2", area="A31", visit="V902")
    feed.action("contact", day(3, 0, 14), "care.desk@example.test", "faults_and_visits/missed_again", {"customer": "C15"})
    feed.action("close", day(3, 2, 12), "field.borderland@example.test", "faults_and_visits/missed_again", {"customer": "C15"},
                outcome="connected by our own crew")
    # C16 waits once, in vain; C17's technician is stuck in traffic and comes an hour late.
    feed.customer("C16", "A12", "business", "en")
    feed.signal("visit_due", day(3, 3, 11), customer="C16", partner="P1", area="A12", visit="V903")
    feed.customer("C17", "A22", "home", "ru")
    feed.signal("visit_due", day(5, 2, 15), customer="C17", partner="P3", area="A22", visit="V904")
    feed.signal("technician_arrived", day(5, 2, 16), customer="C17", partner="P3", area="A22", visit="V904")
    # C18: three calls about one fault, the second one from the night's export of the chat.
    feed.customer("C18", "A13", "home", "ru")
    ask(feed, "C18", day(2, 0, 9, 30), "slow internet")
    ask(feed, "C18", day(2, 2, 20, 10), "slow internet", "D3", "chat", arrives=timedelta(hours=8))
    ask(feed, "C18", day(2, 4, 17, 45), "slow internet")
    feed.action("contact", day(2, 4, 18, 30), "care.desk@example.test", "faults_and_visits/same_fault_again",
                {"customer": "C18", "topic": "slow internet"})
    feed.action("close", day(3, 1, 11), "care.desk@example.test", "faults_and_visits/same_fault_again",
                {"customer": "C18", "topic": "slow internet"}, outcome="cable in the cellar replaced")
    say(feed, "C18", day(4, 3, 19), 9, "Наконец-то работает, спасибо Ольге.", "technician")
    # C19: the same, and nobody rings within a working day.
    feed.customer("C19", "A31", "business", "en", at_risk=False)
    for weekday, hour in ((0, 10), (1, 15), (3, 12)):
        ask(feed, "C19", day(4, weekday, hour, 20), "no signal")
    # A letter typed in eleven days later: kept, and counted nowhere.
    ask(feed, "C19", day(2, 4, 12), "no signal", "D5", "shop", arrives=timedelta(days=11))


def chat_stories(feed):
    # Two forgotten chats within half an hour are one alarm; one of the evening is answered in the morning.
    for number, (hour, minute) in enumerate([(14, 0), (14, 5)]):
        feed.signal("chat_opened", day(3, 1, hour, minute), customer=somebody(feed), desk="D3", chat=f"H90{number}")
    feed.signal("chat_answered", day(3, 1, 14, 30), customer=somebody(feed), desk="D3", chat="H900")
    feed.signal("chat_answered", day(3, 1, 14, 31), customer=somebody(feed), desk="D3", chat="H901")
    customer = somebody(feed)
    feed.signal("chat_opened", day(5, 1, 23, 40), customer=customer, desk="D3", chat="H902")
    feed.signal("chat_answered", day(5, 2, 8, 4), customer=customer, desk="D3", chat="H902")


def bill_stories(feed):
    # C40: three times the usual, explained at eight in the morning.
    feed.customer("C40", "A12", "home", "lt")
    feed.signal("bill_issued", day(1, 2, 3, 10), customer="C40", amount="62.40 EUR", usual="19.90 EUR")
    # C41 has bought a telephone. C42 was never asked, says so, and gets a person and no form letter.
    feed.customer("C41", "A12", "family", "en")
    feed.signal("bill_issued", day(1, 2, 3, 11), customer="C41", amount="640.00 EUR", usual="39.00 EUR", cause="device")
    feed.customer("C42", "A32", "home", "pl")
    say(feed, "C42", day(1, 3, 18), 2, FINE_PRINT["pl"][1], "bill")
    feed.signal("bill_issued", day(1, 4, 3, 10), customer="C42", amount="210.00 PLN", usual="95.00 PLN")
    feed.action("contact", day(1, 4, 11), "care.desk@example.test", "bills_and_roaming/never_agreed", {"customer": "C42"})
    feed.action("close", day(2, 0, 15), "care.desk@example.test", "bills_and_roaming/never_agreed", {"customer": "C42"}, outcome="channels removed, money returned")
    # C43 never agreed either, in Russian; the case opens at night, before the letter about the bill would go.
    feed.customer("C43", "A13", "family", "ru")
    feed.signal("bill_issued", day(4, 3, 3, 10), customer="C43", amount="77.00 EUR", usual="31.00 EUR")
    say(feed, "C43", day(4, 3, 6, 50), 3, FINE_PRINT["ru"][0], "bill")
    feed.action("contact", day(4, 3, 12), "care.desk@example.test", "bills_and_roaming/never_agreed", {"customer": "C43"})
    # C44 travels without a pass, C45 with one.
    feed.customer("C44", "A21", "prepaid", "lt")
    feed.customer("C45", "A22", "business", "ru", travel_pass=True)
    for number, spent in enumerate(["11.20", "38.60", "43.10", "44.90", "71.00"]):
        feed.signal("roaming_usage", day(2, 5, 9) + timedelta(hours=12 * number), customer="C44", spent=f"{spent} EUR", country="NO")
        feed.signal("roaming_usage", day(2, 5, 9, 5) + timedelta(hours=12 * number), customer="C45", spent=f"{spent} EUR", country="TR")
    feed.signal("roaming_usage", day(3, 5, 9), customer="C44", spent="1.10 EUR", country="NO")  # a new month
    feed.signal("roaming_usage", day(4, 1, 9), customer="C44", spent="40.50 EUR", country="NO")


def joining_stories(feed):
    # C46: the other operator does not answer; ours does on the same morning. C47: nobody does.
    feed.customer("C46", "A12", "home", "lt", came_by="advertising")
    feed.signal("port_in_requested", day(1, 2, 14), customer="C46", request="N901")
    feed.action("acknowledge", day(1, 4, 14, 40), "porting@example.test", "joining_and_renewing/port_stuck", {"request": "N901"})
    feed.signal("port_in_completed", day(2, 0, 9), customer="C46", request="N901")
    feed.customer("C47", "A31", "family", "pl", came_by="return")
    feed.signal("port_in_requested", day(4, 3, 16), customer="C47", request="N902")
    feed.signal("port_in_completed", day(5, 2, 9), customer="C47", request="N902")
    # C47 came back to us, C48 was sent by a neighbour, C46 saw a poster: all three have a fault in the first month.
    feed.customer("C48", "A11", "family", "lt", came_by="recommendation")
    for customer, area, week in (("C46", "A12", 2), ("C47", "A31", 5), ("C48", "A11", 3)):
        feed.signal("service_started", day(week, 1, 12), customer=customer, area=area, product="fibre 500")
        feed.signal("fault_report", day(week, 4, 18, 30), customer=customer, area=area, topic="slow internet")
    feed.action("contact", day(3, 4, 19, 10), "care.desk@example.test", "joining_and_renewing/recommended_start", {"customer": "C48"})
    feed.action("close", day(4, 0, 10), "care.desk@example.test", "joining_and_renewing/recommended_start", {"customer": "C48"}, outcome="router replaced")
    say(feed, "C48", day(5, 1, 18), 10, PRAISE["lt"][3], "hotline")
    # C15 waited in vain twice and C19 called three times: their contracts end, and we begin with that. C49 is content.
    feed.customer("C49", "A22", "home", "lt", came_by="recommendation")
    for number, customer in enumerate(("C15", "C19", "C49")):
        feed.signal("contract_ending", day(5, 3, 2, number), customer=customer, days_left=60, product="fibre 500")
    feed.action("contact", day(5, 3, 11), "stay@example.test", "joining_and_renewing/contract_end_care", {"customer": "C15"})
    feed.signal("contract_ending", day(2, 3, 2), customer="C19", days_left=90, product="fibre 500")


def leaving_stories(feed):
    """C20 to C33 speak of another operator in the first three weeks. All but one are rung and their case is closed; some
    of them praise us later, some leave all the same, of some we hear nothing."""
    stay = "stay@example.test"
    ends = ["recovered", "lost", "recovered", "recovered", "silent", "lost", "recovered", "lost", "recovered", "recovered", "lost",
            "recovered", "silent", "nobody"]
    for place, end in enumerate(ends):
        customer, area = f"C{20 + place}", list(AREAS)[place % len(AREAS)]
        language = ["lt", "en", "ru", "pl"][place % 4]
        feed.customer(customer, area, SEGMENTS[place % len(SEGMENTS)], language)
        said = day(1 + place % 3, place % 5, 9 + place % 6, 11)
        say(feed, customer, said, pick([2, 3, 4, 5]), pick(LEAVING[language]), pick(["internet", "hotline", "bill"]))
        key, rule = {"customer": customer}, "what_to_do_first/says_goodbye"
        if end == "nobody":
            continue
        if place % 2:
            feed.action("acknowledge", said + timedelta(minutes=35), stay, rule, key)
        feed.action("contact", said + timedelta(hours=2), stay, rule, key)
        feed.action("close", said + timedelta(hours=5), stay, rule, key, outcome=pick(["fault mended", "explained and apologised", "another tariff"]))
        later = said + timedelta(days=9 + place)
        if end == "recovered":
            say(feed, customer, later, pick([9, 10]), pick(PRAISE[language]) if chance(0.6) else None, "hotline")
        elif end == "lost":
            feed.signal("port_out_requested", later, customer=customer, request=f"X{900 + place}")
    # C34 leaves without a word: there was no case, and there is nothing to learn from one.
    feed.customer("C34", "A11", "prepaid", "lt")
    feed.signal("port_out_requested", day(3, 2, 11), customer="C34", request="X934")
    # C35 says it twice within a month.
    feed.customer("C35", "A12", "home", "ru")
    say(feed, "C35", day(4, 1, 10), 4, LEAVING["ru"][2], "bill")
    feed.action("contact", day(4, 1, 15), stay, "what_to_do_first/says_goodbye", {"customer": "C35"})
    say(feed, "C35", day(5, 1, 10), 5, LEAVING["ru"][0], "bill")


def make():
    feed = Feed()
    customers(feed)
    for part in (surveys, enquiries, ratings, lines, chats, visits, bills, faults, joiners, outage_stories, visit_stories,
                 chat_stories, bill_stories, joining_stories, leaving_stories):
        part(feed)
    lines_ = sorted(feed.lines, key=lambda entry: (entry[0], entry[1]))
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _, _, line in lines_)


if __name__ == "__main__":
    text = make()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if OUT.read_text(encoding="utf-8") == text else "six_weeks.jsonl is not what make_feed.py writes")
    OUT.write_text(text, encoding="utf-8")

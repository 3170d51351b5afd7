#!/usr/bin/env python3
"""Writes seven_weeks.jsonl: seven invented weeks in the life of a bank with five branches and two contact centres.

    python3 playbooks/bank/feed/make_feed.py            # rewrites the file beside this script
    python3 playbooks/bank/feed/make_feed.py --check    # exit 1 if the committed file differs

About 1,500 lines from Monday 2026-03-02 to Sunday 2026-04-19 (the clocks go forward on 2026-03-29, Easter Monday is
2026-04-06), in the order in which they arrive: some come late, some twice, one first without its comment. Customers,
addresses and sentences are invented. The seed is fixed and only `random.random()` is used, so the bytes never change.

Two layers: a plain background, and a handful of stories that make each shipped rule fire, and each guard say no, at
least once. The stories use the customers C1 to C34, which the background leaves alone.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the playbooks

from verbatims import APP, COLD, COMPLAINTS, HIDDEN, MIDDLING, POOR, PRAISE

OUT = Path(__file__).with_name("seven_weeks.jsonl")
START = datetime(2026, 3, 2)
WEEKS = 7
SPRING = datetime(2026, 3, 29, 1, tzinfo=timezone.utc)  # the clocks of both zones go forward at this instant

# place: (zone, hours east of UTC in winter)
PLACES = {"B1": ("Europe/Warsaw", 1), "B2": ("Europe/Warsaw", 1), "B3": ("Europe/Warsaw", 1), "B4": ("Europe/Vilnius", 2),
          "B5": ("Europe/Vilnius", 2), "CC1": ("Europe/Warsaw", 1), "CC2": ("Europe/Vilnius", 2)}
BRANCHES = ["B1", "B2", "B3", "B4", "B5"]
# languages of a branch's customers, most frequent first
LANGUAGES = {"B1": "pl pl pl en ru", "B2": "pl pl en", "B3": "pl pl ru", "B4": "lt lt ru lt en", "B5": "lt lt ru"}
SEGMENTS = "everyday premier everyday everyday premier private".split()
PREFIXES = {"relationship_survey": "r", "branch_visit": "v", "app_rating": "a", "product_rating": "p", "phone_reading": "t",
            "complaint": "c", "complaint_answered": "ca", "card_blocked": "k", "card_unblocked": "ku", "fraud_report": "f",
            "fraud_decided": "fd", "loan_applied": "l", "loan_decided": "ld", "onboarding_started": "o", "account_opened": "oo",
            "fee_charged": "g", "closing_requested": "x", "account_closed": "xc", "adviser_assigned": "d"}
USUAL_SCORES = [10, 9, 8, 9, 4, 10, 7, 9, 7, 8]  # NPS 40
LOW_SCORES = [8, 5, 9, 7, 6, 8, 9, 4, 7, 8]  # NPS -10
TOPICS = list(COMPLAINTS)

dice = random.Random(20260419)


def pick(items):
    return items[int(dice.random() * len(items))]


def chance(share):
    return dice.random() < share


def shuffled(items):
    return [items[place] for _, place in sorted((dice.random(), place) for place in range(len(items)))]


def local(place, moment):
    """The place's wall clock as an instant with its offset."""
    east = PLACES[place][1]
    winter = moment.replace(tzinfo=timezone(timedelta(hours=east)))
    return moment.replace(tzinfo=timezone(timedelta(hours=east + 1))) if winter >= SPRING else winter


def day(week, weekday, hour=0, minute=0, second=0):
    """A wall-clock moment: week 1 to 7, Monday 0 to Sunday 6."""
    return START + timedelta(days=7 * (week - 1) + weekday, hours=hour, minutes=minute, seconds=second)


def open_day(moment):
    """The same time on the first working day from then on."""
    while moment.weekday() > 4 or (moment.month, moment.day) == (4, 6):  # Easter Monday
        moment += timedelta(days=1)
    return moment


def working(week, weekday=None):
    """Some moment of a working day."""
    weekday = int(dice.random() * 5) if weekday is None else weekday
    return open_day(day(week, weekday, 9 + int(dice.random() * 8), int(dice.random() * 60), int(dice.random() * 60)))


class Feed:
    def __init__(self):
        self.lines = []  # (arrival instant, order of writing, object)
        self.counts = {}
        self.customers = {}

    def put(self, arrival, line):
        self.lines.append((arrival, len(self.lines), line))

    def signal(self, kind, place, moment, arrives=None, about=(), **fields):
        """Adds a signal; `arrives` is how long after it happened it comes in, `about` which thing the place is."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        at = local(place, moment)
        line = {"id": f"{PREFIXES[kind]}-{number:04}", "signal": kind, "at": at.isoformat()}
        if "customer" in fields:
            line["customer"] = fields.pop("customer")
        if about:
            line[about] = place
        line.update((name, value) for name, value in fields.items() if value is not None)
        self.put(at + (arrives or timedelta()), line)
        return line

    def facts(self, thing, id, moment, place="B1", **facts):
        at = local(place, moment)
        self.put(at, {"thing": thing, "id": id, "at": at.isoformat(), "facts": facts})

    def action(self, action, place, moment, by, rule, key, **more):
        at = local(place, moment)
        self.put(at, {"action": action, "at": at.isoformat(), "by": by, "rule": rule, "key": key, **more})

    def again(self, line, after):
        """The sender's retry: the same line once more."""
        self.put(datetime.fromisoformat(line["at"]) + after, dict(line))

    def customer(self, id, branch, segment, language, mail=True, **more):
        self.customers[id] = {"branch": branch, "segment": segment, "language": language}
        address = {"email": f"{id.lower()}@example.test"} if mail else {}
        self.facts("customer", id, START + timedelta(hours=6), segment=segment, language=language, **address,
                   time_zone=PLACES[branch][0], home_branch=branch, **more)


def branch_of(feed, customer):
    return feed.customers[customer]["branch"]


def language_of(feed, customer):
    return feed.customers[customer]["language"]


def crowd(feed, branch=None, segment=None):
    """The background's customers, perhaps of one branch or segment."""
    return [id for id, facts in feed.customers.items()
            if int(id[1:]) > 100 and branch in (None, facts["branch"]) and segment in (None, facts["segment"])]


# ---------------------------------------------------------------- the background


def customers(feed):
    number = 100
    for branch, count in zip(BRANCHES, (36, 24, 18, 30, 18)):
        spoken = LANGUAGES[branch].split()
        for place in range(count):
            number += 1
            feed.customer(f"C{number}", branch, SEGMENTS[place % 6], spoken[place % len(spoken)])


def surveys(feed):
    """Premier customers lose heart in the fifth and sixth week, when their package is changed."""
    for week in range(1, WEEKS + 1):
        for segment, weekly in (("everyday", 12), ("premier", 12), ("private", 3)):
            low = segment == "premier" and week in (5, 6)
            asked = shuffled(crowd(feed, segment=segment))
            for place, score in enumerate(shuffled((LOW_SCORES if low else USUAL_SCORES) * 2)[:weekly]):
                customer = asked[place % len(asked)]
                language = language_of(feed, customer)
                words = PRAISE if score >= 9 else MIDDLING if score >= 7 else POOR
                nightly = timedelta(hours=12) if chance(0.03) else None  # some come in with the night's export
                line = feed.signal("relationship_survey", branch_of(feed, customer), working(week), nightly, "branch",
                                   customer=customer, score=score, comment=pick(words[language]) if chance(0.5) else None,
                                   channel=pick(["app", "email", "app"]))
                if chance(0.02):
                    feed.again(line, timedelta(minutes=4))


def visits(feed):
    for week in range(1, WEEKS + 1):
        for branch in BRANCHES:
            # Kraków lends an adviser to another branch; Gdańsk is a building site.
            slow = (branch == "B2" and week in (3, 4)) or (branch == "B3" and week in (4, 5))
            for place in range(9):
                booked = place < 7
                waited = pick([6, 8, 9, 12]) if slow else pick([0, 1, 2, 3, 4]) if booked else pick([3, 7, 11, 15])
                customer = pick(crowd(feed, branch))
                satisfaction = pick([2, 3, 4]) if slow else pick([4, 5, 5, 4, 3])
                words = PRAISE if satisfaction >= 4 else MIDDLING
                feed.signal("branch_visit", branch, working(week, place % 5), None, "branch", customer=customer,
                            appointment=booked, waited=waited, satisfaction=satisfaction if chance(0.6) else None,
                            comment=pick(words[language_of(feed, customer)]) if chance(0.2) else None)


def app_ratings(feed):
    """Version 8.0 comes in the third week: whoever has much to look after likes it, who only pays bills does not."""
    for week in range(1, WEEKS + 1):
        version = "7.4" if week < 3 else "8.0"
        for segment, weekly in (("everyday", 9), ("premier", 8), ("private", 6)):
            for _ in range(weekly):
                customer = pick(crowd(feed, segment=segment))
                if week < 3:
                    stars = pick([5, 4, 3, 4, 3, 2, 4, 5, 3, 3])
                elif segment == "everyday":
                    stars = pick([1, 2, 3, 2, 4, 1, 3, 5])
                else:
                    stars = pick([5, 5, 4, 4, 5, 3, 5, 4])
                comment = None
                if version == "8.0" and stars != 3 and chance(0.25):
                    comment = APP["likes" if stars > 3 else "dislikes"][language_of(feed, customer)]
                feed.signal("app_rating", branch_of(feed, customer), working(week) + timedelta(hours=3), customer=customer,
                            stars=stars, version=version, comment=comment)


def product_ratings(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(4):
            customer = pick(crowd(feed))
            satisfaction = pick([5, 4, 4, 3, 5])
            words = PRAISE if satisfaction >= 4 else MIDDLING
            feed.signal("product_rating", branch_of(feed, customer), working(week), None, "branch", customer=customer,
                        product=pick(["saver", "card", "loan", "insurance"]), satisfaction=satisfaction,
                        comment=pick(words[language_of(feed, customer)]) if chance(0.4) else None)


def phones(feed):
    """A round is six readings of a contact centre, four minutes apart, at a busy hour."""
    for week in range(1, WEEKS + 1):
        for centre in ("CC1", "CC2"):
            for weekday in shuffled([0, 1, 2, 3, 4, 5])[:2]:
                begins = day(week, weekday, pick([8, 10, 12, 17]), int(dice.random() * 30))
                waits = [1, 2, 4, 6, 3, 1] if chance(0.15) else [0.5, 1, 2, 3, 2, 1]
                for place, wait in enumerate(waits):
                    feed.signal("phone_reading", centre, begins + timedelta(minutes=4 * place), None, "centre", wait=wait)


def complain(feed, customer, moment, topic, answered=None, arrives=None, **more):
    """A complaint, and its answer so many days later."""
    branch = branch_of(feed, customer)
    reference = f"Z-{260 + feed.counts.get('complaint', 0)}"
    comment = more.pop("comment", COMPLAINTS[topic][language_of(feed, customer)])
    line = feed.signal("complaint", branch, moment, arrives, "branch", customer=customer, reference=reference, topic=topic,
                       channel=pick(["app", "branch", "email", "phone", "letter"]), comment=comment, **more)
    if answered is not None:
        feed.signal("complaint_answered", branch, open_day(moment + timedelta(days=answered)), None, "branch", customer=customer,
                    reference=reference, outcome=pick(["accepted", "accepted", "partly", "rejected"]))
    return line


def complaints(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(6):
            complain(feed, pick(crowd(feed)), working(week), pick(["transfer", "cards", "loans", "app"]), pick([3, 5, 7, 8, 10]))


def fees(feed):
    for week in range(1, WEEKS + 1):
        for place in range(5):
            customer = pick(crowd(feed))
            polish = branch_of(feed, customer) in ("B1", "B2", "B3")
            feed.signal("fee_charged", branch_of(feed, customer), working(week), customer=customer,
                        fee=pick(["card fee", "transfer fee", "package fee"]),
                        amount=pick(["9 PLN", "12 PLN", "25 PLN"]) if polish else pick(["2 EUR", "3.50 EUR", "6 EUR"]),
                        announced=place > 0)


def cards(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(5):
            customer = pick(crowd(feed))
            branch, moment = branch_of(feed, customer), working(week) + timedelta(hours=2)
            card, reason = f"K-{customer[1:]}", pick(["suspicion", "suspicion", "lost", "suspicion", "unpaid"])
            feed.signal("card_blocked", branch, moment, customer=customer, card=card, reason=reason)
            if reason == "suspicion":
                feed.signal("card_unblocked", branch, moment + timedelta(minutes=pick([4, 11, 25, 48, 95])), customer=customer, card=card)


def report(feed, customer, moment, amount, decided=None, refunded=True):
    """A fraud report, and its decision so many hours later."""
    reference = f"F-{410 + feed.counts.get('fraud_report', 0)}"
    branch = branch_of(feed, customer)
    feed.signal("fraud_report", branch, moment, customer=customer, reference=reference, amount=amount)
    if decided is not None:
        feed.signal("fraud_decided", branch, moment + timedelta(hours=decided), customer=customer, reference=reference, refunded=refunded)
    return reference


def frauds(feed):
    for week in range(1, WEEKS + 1):
        customer = pick(crowd(feed))
        polish = branch_of(feed, customer) in ("B1", "B2", "B3")
        report(feed, customer, day(week, int(dice.random() * 4), 9 + int(dice.random() * 3), int(dice.random() * 60)),
               pick(["640 PLN", "89.90 PLN", "1500 PLN"]) if polish else pick(["45 EUR", "310 EUR", "99 EUR"]), pick([2, 3, 4]), chance(0.7))


def apply_for_loan(feed, customer, moment, amount, decided=None):
    """An application for a loan, and its decision so many days later."""
    application = f"A-{700 + feed.counts.get('loan_applied', 0)}"
    branch = branch_of(feed, customer)
    feed.signal("loan_applied", branch, moment, None, "branch", customer=customer, application=application, amount=amount)
    if decided is not None:
        feed.signal("loan_decided", branch, open_day(moment + timedelta(days=decided)), None, "branch", customer=customer,
                    application=application, decision=pick(["granted", "granted", "refused"]))
    return application


def loans(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(4):
            customer = pick(crowd(feed))
            polish = branch_of(feed, customer) in ("B1", "B2", "B3")
            amount = pick(["20000 PLN", "45000 PLN", "380000 PLN"]) if polish else pick(["5000 EUR", "12000 EUR", "96000 EUR"])
            apply_for_loan(feed, customer, working(week), amount, pick([1, 2, 2, 3, 5]))


def begin(feed, customer, moment, opened=None):
    """Somebody begins to open an account, and has it so many hours later."""
    application = f"N-{310 + feed.counts.get('onboarding_started', 0)}"
    branch = branch_of(feed, customer)
    feed.signal("onboarding_started", branch, moment, customer=customer, application=application, channel=pick(["app", "web", "app", "branch"]))
    if opened is not None:
        feed.signal("account_opened", branch, moment + timedelta(hours=opened), customer=customer, application=application)
    return application


def newcomers(feed):
    number = 300
    for week in range(1, WEEKS + 1):
        for _ in range(4):
            number += 1
            branch = pick(BRANCHES)
            feed.customer(f"C{number}", branch, "everyday", pick(LANGUAGES[branch].split()))
            begin(feed, f"C{number}", working(week) + timedelta(hours=3), None if chance(0.12) else pick([0, 1, 3, 20, 30, 44]))


def leavers(feed):
    for week in range(1, WEEKS + 1):
        customer = pick(crowd(feed, segment="everyday"))
        leave(feed, customer, working(week), pick([0, 1, 2, 4]))


def leave(feed, customer, moment, closed=None):
    account, branch = f"PP-{customer[1:]}", branch_of(feed, customer)
    feed.signal("closing_requested", branch, moment, None, "branch", customer=customer, account=account, channel=pick(["branch", "app", "letter"]))
    if closed is not None:
        feed.signal("account_closed", branch, open_day(moment + timedelta(days=closed)), None, "branch", customer=customer, account=account)


def advisers(feed):
    for week in range(1, WEEKS + 1):
        customer = pick(crowd(feed, segment="premier"))
        feed.signal("adviser_assigned", branch_of(feed, customer), working(week), None, "branch", customer=customer,
                    adviser=pick(["anna", "piotr", "rasa", "jonas"]))


def colleagues(feed):
    """What advisers did about the background: most disappointed premier and private customers are called and their case closed."""
    last = {}
    for _, _, line in sorted(feed.lines, key=lambda entry: entry[:2]):
        if line.get("signal") != "relationship_survey" or line["score"] > 6:
            continue
        customer, branch = line["customer"], line["branch"]
        at = datetime.fromisoformat(line["at"]).replace(tzinfo=None)
        if feed.customers[customer]["segment"] == "everyday" or customer in last and at < last[customer] + timedelta(days=30):
            continue
        last[customer] = at
        if chance(0.15):
            continue
        called = open_day(at + timedelta(days=pick([0, 1, 1]))) + timedelta(minutes=pick([18, 35, 52]))
        by = {"B1": "adviser.b1", "B2": "adviser.b2", "B3": "manager.b3", "B4": "adviser.b4", "B5": "adviser.b5"}[branch] + "@example.test"
        rule, key = "relationship/valued_detractor", {"customer": customer}
        feed.action("contact", branch, called, by, rule, key)
        if chance(0.8):
            feed.action("close", branch, called + timedelta(hours=pick([1, 26, 50])), by, rule, key,
                        outcome=pick(["listened and explained", "fee waived", "new adviser introduced"]))
        else:
            feed.action("acknowledge", branch, called + timedelta(minutes=2), by, rule, key)


# ---------------------------------------------------------------- the stories


def complaint_stories(feed):
    desk, head = "complaints@example.test", "head.complaints@example.test"
    # C1: forgotten until the tenth working day; answered in the thirteenth, and the case closed with it.
    feed.customer("C1", "B1", "everyday", "pl")
    line = complain(feed, "C1", day(1, 1, 10, 20), "transfer")
    feed.signal("complaint_answered", "B1", day(3, 4, 15, 0), None, "branch", customer="C1", reference=line["reference"], outcome="accepted")
    feed.action("close", "B1", day(3, 4, 15, 5), desk, "complaints/answer_due", {"reference": line["reference"]}, outcome="transfer returned")
    # C2: a letter in Vilnius. The desk acknowledges, which stops nothing; the law's day passes over a holiday.
    feed.customer("C2", "B4", "premier", "lt")
    line = complain(feed, "C2", day(1, 3, 11, 0), "loans")
    feed.action("acknowledge", "B4", day(3, 4, 12, 0), desk, "complaints/answer_due", {"reference": line["reference"]})
    feed.signal("complaint_answered", "B4", day(5, 2, 16, 30), None, "branch", customer="C2", reference=line["reference"], outcome="partly")
    feed.action("close", "B4", day(5, 2, 16, 40), head, "complaints/answer_due", {"reference": line["reference"]}, outcome="recalculated")
    # C3 has no mail address: the receipt goes by post, and when the time is over somebody has to write.
    feed.customer("C3", "B3", "everyday", "ru", mail=False)
    line = complain(feed, "C3", day(2, 0, 9, 40), "transfer")
    feed.action("close", "B3", day(4, 1, 9, 0), desk, "complaints/answer_due", {"reference": line["reference"]}, outcome="passed on")
    # C4: taken on paper on Thursday, typed in on Monday. C5: a letter found in a drawer ten days later, too late for any rule.
    feed.customer("C4", "B2", "everyday", "pl")
    complain(feed, "C4", day(3, 3, 12, 0), "cards", answered=12, arrives=timedelta(days=4))
    feed.customer("C5", "B5", "everyday", "lt")
    complain(feed, "C5", day(4, 1, 10, 0), "transfer", arrives=timedelta(days=10))
    # C6: the score came at once, the comment ten minutes later, under the same id.
    feed.customer("C6", "B1", "everyday", "en")
    first = feed.signal("relationship_survey", "B1", day(2, 2, 19, 5), None, "branch", customer="C6", score=5, channel="app")
    feed.put(datetime.fromisoformat(first["at"]) + timedelta(minutes=10), {**first, "comment": POOR["en"][3]})


def card_stories(feed):
    # C7: a Saturday night in another city, two cards at once, nobody answers. C8: answered in twenty minutes.
    feed.customer("C7", "B1", "premier", "en")
    for card, minute in (("K-7", 0), ("K-7b", 1)):
        feed.signal("card_blocked", "B1", day(2, 5, 21, minute), customer="C7", card=card, reason="suspicion")
        feed.signal("card_unblocked", "B1", day(2, 6, 9, 30), customer="C7", card=card)
    feed.customer("C8", "B4", "everyday", "ru")
    feed.signal("card_blocked", "B4", day(3, 1, 12, 10), customer="C8", card="K-8", reason="suspicion")
    feed.action("acknowledge", "B4", day(3, 1, 14, 30), "cards@example.test", "cards_and_fraud/card_still_blocked", {"card": "K-8"})
    feed.signal("card_unblocked", "B4", day(3, 1, 14, 34), customer="C8", card="K-8")
    # C9: decided on the next morning, after the desk was reminded; the case is closed with it, and the question comes five days later.
    feed.customer("C9", "B1", "everyday", "pl")
    reference = report(feed, "C9", day(2, 0, 10, 0), "1890 PLN", 23.5)
    feed.action("close", "B1", day(2, 1, 9, 20), "fraud@example.test", "cards_and_fraud/fraud_refund_due", {"reference": reference}, outcome="refunded")
    # C10: nobody decides, the head of fraud hears of it; refunded with the case still open, so nobody asks in writing.
    feed.customer("C10", "B5", "everyday", "lt")
    report(feed, "C10", day(4, 2, 9, 15), "740 EUR", 26)
    # C11 is refunded at once and asked how they are, in Russian.
    feed.customer("C11", "B4", "everyday", "ru")
    report(feed, "C11", day(5, 0, 9, 5), "58 EUR", 3)


def waiting_stories(feed):
    # A Monday morning in Łódź: over five minutes, wobbling, under two, and up again; answered once, then not.
    for minute, wait in enumerate([3, 6, 4, 7, 3, 1.5, 6, 8, 9, 7, 4, 1]):
        feed.signal("phone_reading", "CC1", day(3, 0, 8, 5 * minute), None, "centre", wait=wait)
    feed.action("acknowledge", "CC1", day(3, 0, 8, 12), "shift.cc1@example.test", "waiting/phone_queue", {"centre": "CC1"})
    # Šiauliai has an outage on Thursday, and everybody has been told.
    feed.facts("centre", "CC2", day(5, 3, 9, 50), "CC2", outage=True)
    for minute, wait in enumerate([9, 14, 16, 1]):
        feed.signal("phone_reading", "CC2", day(5, 3, 10, 5 * minute), None, "centre", wait=wait)
    feed.facts("centre", "CC2", day(5, 3, 12, 0), "CC2", outage=False)
    # Gdańsk is renovated in the fourth and fifth week.
    feed.facts("branch", "B3", day(4, 0, 7), "B3", renovation=True)
    feed.facts("branch", "B3", day(6, 1, 7), "B3", renovation=False)
    # C12: the decision is late and answered for; C13: late, and nobody answers; C14: we wait for the customer's paper.
    feed.customer("C12", "B2", "everyday", "pl")
    application = apply_for_loan(feed, "C12", day(2, 1, 13, 0), "240000 PLN", 9)
    feed.action("acknowledge", "B2", day(3, 1, 15, 10), "credit@example.test", "waiting/loan_decision_late", {"application": application})
    feed.customer("C13", "B5", "premier", "lt")
    apply_for_loan(feed, "C13", day(4, 0, 10, 30), "88000 EUR", 14)
    feed.customer("C14", "B1", "everyday", "ru")
    apply_for_loan(feed, "C14", day(4, 1, 10, 30), "30000 PLN", 14)
    feed.facts("customer", "C14", day(4, 3, 9), papers_missing=True)
    # C15 stops at the photo; C16 opens the account in the night before the mail; C17 left no address; C18 has an account already.
    feed.customer("C15", "B4", "everyday", "lt")
    begin(feed, "C15", day(2, 5, 17, 20))
    feed.customer("C16", "B2", "everyday", "en")
    begin(feed, "C16", day(4, 0, 20, 15), 51)
    feed.facts("customer", "C16", day(4, 2, 23, 15), active=True)
    feed.customer("C17", "B3", "everyday", "pl", mail=False)
    begin(feed, "C17", day(3, 2, 18, 0))
    feed.customer("C18", "B5", "everyday", "ru", active=True)
    begin(feed, "C18", day(5, 1, 12, 0))


def honest_stories(feed):
    # C19 to C22 feel misled about the card, in complaints and in ratings: the third within two weeks is one too many.
    for place, (customer, branch, language) in enumerate((("C19", "B1", "pl"), ("C20", "B4", "lt"), ("C21", "B2", "en"), ("C22", "B4", "ru"))):
        feed.customer(customer, branch, "everyday", language)
        moment = day(3 + place // 2, 1 + place, 11, 15)
        if place % 2:
            feed.signal("product_rating", branch, moment, None, "branch", customer=customer, product="card", satisfaction=2,
                        comment=HIDDEN[language][0])
        else:
            complain(feed, customer, moment, "cards", 6, product="card", comment=HIDDEN[language][0])
    # Three customers about the saver within a week; its owner answers the same day.
    for place, (customer, branch, language) in enumerate((("C23", "B3", "pl"), ("C24", "B5", "lt"), ("C25", "B1", "en"))):
        feed.customer(customer, branch, "everyday", language)
        feed.signal("product_rating", branch, day(6, 1 + place, 10, 40), None, "branch", customer=customer, product="saver", satisfaction=1,
                    comment=HIDDEN[language][1])
    feed.action("acknowledge", "B1", day(6, 3, 15, 0), "products@example.test", "honest_conditions/misleading_product", {"product": "saver"})
    # C26 did not see the fee coming, twice; it is paid back once. C27 is a colleague. C28 was told of it.
    feed.customer("C26", "B2", "everyday", "pl")
    for week in (2, 6):
        feed.signal("fee_charged", "B2", day(week, 0, 6), customer="C26", fee="card fee", amount="12 PLN", announced=False)
        complain(feed, "C26", day(week, 3, 18, 5), "fees", 6)
    feed.customer("C27", "B1", "premier", "pl", staff=True)
    feed.signal("fee_charged", "B1", day(3, 0, 6), customer="C27", fee="package fee", amount="25 PLN", announced=False)
    complain(feed, "C27", day(3, 1, 12, 0), "fees", 3)
    feed.customer("C28", "B5", "everyday", "ru")
    feed.signal("fee_charged", "B5", day(4, 0, 6), customer="C28", fee="transfer fee", amount="2 EUR", announced=True)
    complain(feed, "C28", day(4, 2, 12, 0), "fees", 5)
    # C29 wants to leave and is kept waiting; the manager answers. C30 too, and compliance hears of it.
    feed.customer("C29", "B1", "everyday", "en")
    leave(feed, "C29", day(2, 2, 14, 0), 8)
    feed.action("acknowledge", "B1", day(3, 2, 14, 40), "manager.b1@example.test", "honest_conditions/closing_held_up", {"account": "PP-29"})
    feed.customer("C30", "B4", "premier", "lt")
    leave(feed, "C30", day(4, 1, 10, 0), 15)


def relationship_stories(feed):
    def says(customer, moment, score, comment=None):
        feed.signal("relationship_survey", branch_of(feed, customer), moment, None, "branch", customer=customer, score=score,
                    comment=comment, channel="email")

    # C31: a private customer whom nobody calls, up to the director; once more within the month, and counted once.
    feed.customer("C31", "B2", "private", "pl")
    says("C31", day(2, 4, 15, 30), 3, POOR["pl"][1])
    says("C31", day(4, 1, 10, 0), 4)
    # C27 is a colleague, also in the survey.
    says("C27", day(2, 1, 9, 50), 2, POOR["pl"][0])
    # C32 meets a third adviser, C33 too but has no adviser of their own; C34 meets the same one again.
    feed.customer("C32", "B4", "private", "lt")
    feed.customer("C33", "B5", "everyday", "ru")
    feed.customer("C34", "B1", "premier", "pl")
    for week, adviser in ((1, "rasa"), (4, "jonas"), (6, "ona")):
        feed.signal("adviser_assigned", "B4", day(week, 2, 11, 0), None, "branch", customer="C32", adviser=adviser)
        feed.signal("adviser_assigned", "B5", day(week, 3, 11, 0), None, "branch", customer="C33", adviser=adviser)
        feed.signal("adviser_assigned", "B1", day(week, 4, 11, 0), None, "branch", customer="C34", adviser="anna" if week > 1 else "piotr")
    # A hard week in Vilnius; and one in Gdańsk, where the builders are.
    for branch, week, language in (("B4", 5, "lt"), ("B3", 5, "pl")):
        for place, customer in enumerate(shuffled(crowd(feed, branch))[:3]):
            spoken = language_of(feed, customer)
            feed.signal("branch_visit", branch, day(week, 1 + place, 12, 10 * place), None, "branch", customer=customer, appointment=False,
                        waited=pick([4, 6, 9]), satisfaction=2, comment=COLD[spoken][place])
    # Both regions join the calls on Friday: Poland in the third week, Lithuania in the fifth.
    feed.facts("region", "R1", day(3, 0, 8), "B1", listening=True)
    feed.facts("region", "R2", day(5, 0, 8), "B4", listening=True)


def make():
    feed = Feed()
    customers(feed)
    for part in (surveys, visits, app_ratings, product_ratings, phones, complaints, fees, cards, frauds, loans, newcomers, leavers,
                 advisers, colleagues, complaint_stories, card_stories, waiting_stories, honest_stories, relationship_stories):
        part(feed)
    ends = local("B1", day(WEEKS + 1, 0))  # what the background still had in mind after the last Sunday is left out
    lines = sorted((entry for entry in feed.lines if entry[0] < ends), key=lambda entry: entry[:2])
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _, _, line in lines)


if __name__ == "__main__":
    text = make()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if OUT.read_text(encoding="utf-8") == text else "seven_weeks.jsonl is not what make_feed.py writes")
    OUT.write_text(text, encoding="utf-8")

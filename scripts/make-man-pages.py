#!/usr/bin/env python3
"""Writes the manual pages:   scripts/make-man-pages.py PROGRAM DIRECTORY

A page for each command, from the program's own help (--experimental-dump-help), tributary.yaml(5) from docs/configuration.md, and
tributary-spool(5) from docs/spool-format.md. New keys need no change here. A new command needs one only if its page must list files:
`files_of` chooses the files of each command.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = "/usr/share/doc/tributary"

FILES = {
    "configuration": ("/etc/tributary/tributary.yaml, /etc/tributary/conf.d/*.yaml", "The configuration: tributary.yaml(5)."),
    "credentials": ("/etc/tributary/credentials/", "The secrets, one file for each. Only root can read them."),
    "spool": ("/var/lib/tributary/spool/", "Sealed segments: tributary-spool(5)."),
    "state": ("/var/lib/tributary/state/", "The position of collection in each org's log, and the records that are not sealed yet. Keep it together with its spool."),
    "status": ("/run/tributary/status.json", f"The status of the running daemon; {DOCUMENTS}/status.md describes it."),
    "actions": ("/var/lib/tributary-respond/log/", f"The log of response actions; {DOCUMENTS}/respond.md describes it."),
    "documents": (f"{DOCUMENTS}/", "The guides. README.md says who should read which guide."),
}

# --- man(7)


def escaped(text, verbatim=False):
    """Escapes text for roff. Verbatim text keeps the characters that a person may copy."""
    text = text.replace("\\", "\\e")
    if verbatim:
        text = text.replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return text


def bold(text):
    return f"\\fB{escaped(text, verbatim=True)}\\fR"


def italic(text):
    return f"\\fI{escaped(text, verbatim=True)}\\fR"


def line(text):
    """One line of text, escaped so that roff does not read it as a request."""
    return "\\&" + text if text[:1] in (".", "'") else text


def link(match):
    words, target = match[1], match[2]
    if "://" in target:
        return f"{words} ({target})"
    page, _, anchor = target.partition("#")
    if not page:
        return words
    path = f"`{DOCUMENTS}/{page}`"
    return path if words.endswith(".md") else f"{words} ({path})"


def inline(text):
    """Converts Markdown within a paragraph."""
    text = re.sub(r"\[([^]]+)]\(([^)]+)\)", link, text)
    # Names of manual pages are set in bold, as usual.
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*|(?<![\w*])\*[^*\s][^*]*\*(?![\w*])|[a-z][a-z.-]*\([1578]\)|https?://[^\s),]+)", text)
    made = []
    for part in parts:
        if re.fullmatch(r"`[^`]+`", part):
            made.append(bold(part[1:-1]))
        elif part.startswith("**") and len(part) > 4:
            made.append(f"\\fB{escaped(part[2:-2])}\\fR")
        elif re.fullmatch(r"\*[^*]+\*", part):
            made.append(f"\\fI{escaped(part[1:-1])}\\fR")
        elif re.fullmatch(r"[a-z][a-z.-]*\([1578]\)", part):
            made.append(bold(part[:-3]) + part[-3:])
        elif part.startswith(("http://", "https://")):
            # Allow a line break after a slash.
            made.append(escaped(part, verbatim=True).replace("/", "/\\:"))
        else:
            made.append(re.sub(r"(?<!\w)(--?[a-z][a-z-]*)", lambda word: escaped(word[1], verbatim=True), escaped(part)))
    return line("".join(made))


def verbatim_block(lines):
    return [".PP", ".RS 4", ".nf", *(line(escaped(each, verbatim=True)) for each in lines), ".fi", ".RE"]


def section(title):
    return f".SH {title.upper()}"


def items(pairs):
    """A list of already converted terms with explanations in Markdown."""
    made = []
    for term, explanation in pairs:
        made += [".TP", line(term), inline(explanation) if explanation else "\\&"]
    return made


# --- Markdown


def cells(row):
    """The cells of a table's row; a bar inside of code does not separate cells."""
    return [cell.strip() for cell in re.split(r"\|(?=(?:[^`]*`[^`]*`)*[^`]*$)", row.strip().strip("|"))]


def table(rows):
    """Converts a table to a list of terms, which is readable at any width of the terminal."""
    head, body = cells(rows[0]), [cells(row) for row in rows[2:]]
    made = []
    for row in body:
        made += [".TP", inline(row[0])]
        rest = [(name, text) for name, text in zip(head[1:], row[1:]) if text]
        if len(head) == 2:
            made.append(inline(rest[0][1]) if rest else "\\&")
        else:
            for number, (name, text) in enumerate(rest):
                made += ([".br"] if number else []) + [inline(f"{name}: {text}" if name else text)]
    return made


def markdown(text):
    """The Markdown of docs/: headings, paragraphs, lists, code, quotes, tables."""
    made, lines, at = [], text.splitlines(), 0
    while at < len(lines):
        current = lines[at]
        if not current.strip() or current.startswith("<!--"):
            at += 1
        elif current.startswith("#"):
            made.append(f".SS {escaped(current.lstrip('# '))}")
            at += 1
        elif current.startswith("```"):
            end = lines.index("```", at + 1)
            made += verbatim_block(lines[at + 1 : end])
            at = end + 1
        elif current.startswith("    "):
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            made += verbatim_block([each[4:] for each in lines[at:end]][: _without_trailing(lines[at:end])])
            at = end
        elif current.startswith("|"):
            end = at
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            made += table(lines[at:end])
            at = end
        else:
            bullet = re.match(r"(- |\d+\. |> )", current)
            end = at + 1
            while end < len(lines) and lines[end].strip() and not re.match(r"(- |\d+\. |\||#|```|<!--)", lines[end]):
                end += 1
            paragraph = " ".join(each.strip().removeprefix("> ") for each in lines[at:end])
            if bullet and bullet[1] == "- ":
                made += ['.IP "\\(bu" 2', inline(paragraph[2:])]
            elif bullet and bullet[1][0].isdigit():
                made += [f'.IP "{bullet[1].strip()}" 4', inline(paragraph[len(bullet[1]) :])]
            else:
                made += [".PP", inline(paragraph)]
            at = end
    return made


def _without_trailing(lines):
    count = len(lines)
    while count and not lines[count - 1].strip():
        count -= 1
    return count


def parts_of(name):
    """The parts of docs/NAME by their headings of the second level; the introduction has the heading ""."""
    parts, heading = {"": []}, ""
    for each in (PROJECT / "docs" / name).read_text().splitlines():
        if each.startswith("## "):
            heading = each[3:]
            parts[heading] = []
        elif not each.startswith("# "):
            parts[heading].append(each)
    return {heading: "\n".join(lines) for heading, lines in parts.items()}


# --- commands


class Command:
    def __init__(self, said, parents):
        self.said, self.parents = said, parents
        self.words = [parent.said["commandName"] for parent in parents] + [said["commandName"]]
        self.page = "-".join(self.words)
        self.children = [
            Command(child, [*parents, self])
            for child in said.get("subcommands", [])
            if child.get("shouldDisplay", True) and child["commandName"] != "help"
        ]
        self.examples, self.exits, self.description = self._discussion(said.get("discussion", ""))

    def all(self):
        yield self
        for child in self.children:
            yield from child.all()

    def arguments(self):
        """The command's arguments. `--name` and `--no-name` count as one argument."""
        joined = []
        for argument in self.said.get("arguments", []):
            if not argument.get("shouldDisplay", True):
                continue
            names = [("-" if name["kind"] == "short" else "--") + name["name"] for name in argument.get("names", [])]
            positive = joined and joined[-1]["spellings"] and joined[-1]["spellings"][-1]
            if positive and names == [positive.replace("--", "--no-", 1)]:
                joined[-1]["spellings"] += names
            else:
                joined.append({**argument, "spellings": names})
        return joined

    @staticmethod
    def _discussion(text):
        """The examples with their titles, the text about exit codes, and the rest."""
        examples, rest = [], []
        blocks = re.split(r"\n\n+", text.strip())
        for block in blocks:
            found = re.fullmatch(r"Example(?:: ([^\n]*?):?)?:?\n((?:  .*(?:\n|$))+)", block)
            if found:
                examples.append((found[1], [each[2:] for each in found[2].splitlines()]))
            elif not block.startswith("Exit codes:"):
                rest.append(block)
        exits = []

        def taken(match):
            exits.append(match[1])
            return ""

        sentence = r"(?:^|(?<=[.:] ))((?:Exits|Also exits) with (?:[^.]|\.(?!\s|$))*\.)\s*"
        rest = [re.sub(sentence, taken, block).strip() for block in rest]
        return examples, exits, [block for block in rest if block]


def synopsis(command):
    words = [bold(" ".join(command.words))]
    if command.children:
        return " ".join(words + [italic("command"), "[" + italic("options") + "]"])
    for argument in command.arguments():
        if argument["valueName"] in ("version", "help") and argument["kind"] == "flag":
            continue
        name = italic(argument["valueName"])
        if argument["kind"] == "positional":
            word = name
        elif argument["kind"] == "flag":
            word = "|".join(bold(each) for each in argument["spellings"] if each.startswith("--")) or bold(argument["spellings"][0])
        else:
            long = [each for each in argument["spellings"] if each.startswith("--")] or argument["spellings"]
            word = f"{bold(long[0])} {name}"
        word = f"[{word}]" if argument["isOptional"] else word
        words.append(word + ("..." if argument["isRepeating"] else ""))
    return " ".join(words)


def explained(argument):
    text = argument.get("abstract", "")
    values = argument.get("allValues", [])
    if values and not all(value in text for value in values):
        text += f" One of {', '.join(values)}."
    default = argument.get("defaultValue")
    if default:
        text += f" Default: {default}."
    return text.strip()


def command_page(root, command):
    said = command.said
    abstract = said.get("abstract", "").strip()
    made = [section("Name"), f"{escaped(command.page, verbatim=True)} \\- {escaped(abstract.rstrip('.'))}"]
    made += [section("Synopsis"), synopsis(command)]
    made.append(section("Description"))
    made += [] if command.description else [inline(abstract)]
    for block in command.description:
        lines = block.splitlines()
        prose = [each for each in lines if not each.startswith("  ")]
        made += [".PP", inline(" ".join(prose))]
        if len(prose) < len(lines):
            made += verbatim_block([each[2:] for each in lines if each.startswith("  ")])
    if command.children:
        made += [section("Commands")]
        made += items((bold(child.page) + "(1)", child.said.get("abstract", "")) for child in command.children)
    positional = [each for each in command.arguments() if each["kind"] == "positional"]
    options = [each for each in command.arguments() if each["kind"] != "positional"]
    if positional:
        made += [section("Arguments"), *items((italic(each["valueName"]), explained(each)) for each in positional)]
    if options:
        made.append(section("Options"))
        # Groups with a title come after those without one.
        for title in dict.fromkeys(sorted((each.get("sectionTitle", "") for each in options), key=bool)):
            made += [f".SS {escaped(title)}"] if title else []
            made += items(option(each) for each in options if each.get("sectionTitle", "") == title)
    made += [section("Exit status"), *exit_status(root, command)]
    made += [section("Files"), *items((bold(path), text) for path, text in files_of(command))]
    if command.examples:
        made.append(section("Examples"))
        for title, lines in command.examples:
            made += ([".PP", inline(title[0].upper() + title[1:] + ":")] if title else []) + verbatim_block(lines)
    return made + see_also(command)


def option(argument):
    term = ", ".join(bold(spelling) for spelling in argument["spellings"])
    return term + (f" {italic(argument['valueName'])}" if argument["kind"] == "option" else ""), explained(argument)


def exit_status(root, command):
    if not command.parents:
        codes = re.search(r"Exit codes: (.*)\.", root.said["discussion"])[1]
        return items((bold(code), text[0].upper() + text[1:] + ".") for code, text in re.findall(r"(\d+) ([^,]+)", codes))
    words = " ".join(command.exits) or "0 on success, another code on failure."
    return [inline(words), inline("What each code means in general is in tributary(1).")]


def files_of(command):
    names = {name for argument in command.arguments() for name in argument["spellings"]}
    chosen = []
    if not command.parents:
        chosen = list(FILES)
    else:
        kind = command.words[1]
        chosen += ["configuration"] if "--config" in names or command.children else []
        chosen += ["credentials"] if kind in ("credential", "integration") else []
        chosen += ["spool"] if kind in ("spool", "replay", "deliver", "run") else []
        chosen += ["state"] if kind == "run" else []
        chosen += ["status"] if kind in ("run", "status") else []
        chosen += ["actions"] if kind == "respond" else []
        chosen += ["documents"]
    return [FILES[each] for each in chosen]


def see_also(command):
    pages = [parent.page for parent in command.parents]
    pages += [child.page for child in command.children]
    if len(command.parents) > 1:
        pages += [sibling.page for sibling in command.parents[-1].children if sibling.page != command.page]
    made = [f"{page}(1)" for page in pages] + ["tributary.yaml(5)", "tributary-spool(5)", "journalctl(1)"]
    return [section("See also"), inline(", ".join(made))]


# --- files


def configuration_page():
    parts = parts_of("configuration.md")
    made = [section("Name"), "tributary.yaml \\- configuration of Tributary, the collector of Okta's System Log"]
    made += [section("Synopsis"), bold("/etc/tributary/tributary.yaml"), ".br", bold("/etc/tributary/conf.d/*.yaml")]
    made += [section("Description"), *markdown(parts.pop(""))]
    keys = parts.pop("Keys")
    example = parts.pop("Example")
    made += [section("Keys"), *markdown(keys[: keys.index("<!-- keys")])]
    group = None
    for row in (cells(each) for each in keys.splitlines() if each.startswith("| `")):
        path, takes, default, meaning = row
        top = path.strip("`").split(".")[0].removesuffix("[]")
        if top != group and "." in path:
            made.append(f".SS {escaped(top)}")
        group = top
        facts = f"*{takes}*" + (", required" if default == "required" else f", default {default}" if default else "")
        made += [".TP", inline(path), inline(meaning), ".br", inline(facts)]
    for heading, text in parts.items():
        made += [section(heading), *markdown(text)]
    made += [section("Files"), *items((bold(FILES[each][0]), FILES[each][1]) for each in ("configuration", "credentials", "documents"))]
    made += [section("Examples"), *markdown(example)]
    return made + [section("See also"), inline("tributary(1), tributary-check(1), tributary-reload(1), tributary-spool(5)")]


def spool_page():
    parts = parts_of("spool-format.md")
    made = [section("Name"), "tributary\\-spool \\- the files that Tributary writes, and the rules for programs that load them"]
    made += [section("Description"), *markdown(parts[""])]
    for heading in ("Layout", "General rules", "For loaders", "Acknowledgements", "Bounds", "Versions and refusals"):
        made += [section(heading), *markdown(parts[heading])]
    made += [section("Files"), *items((bold(FILES[each][0]), FILES[each][1]) for each in ("spool", "state"))]
    made.append(".PP")
    made.append(inline(f"`{DOCUMENTS}/spool-format.md` also describes the journal, each step of a seal, and why no event is lost or stored twice."))
    made.append(inline(f"`{DOCUMENTS}/loaders.md` has recipes for loaders."))
    made += [section("Examples")]
    made += verbatim_block(
        [
            "tributary spool list --since-manifest 1200 --json",
            "tributary spool ack --loader warehouse --through 1231",
            "zstdcat /var/lib/tributary/spool/integration=acme/class=authentication/date=*/*.zst | jq .",
        ]
    )
    return made + [section("See also"), inline("tributary(1), tributary-spool(1), tributary.yaml(5)")]


# --- all pages


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, directory = sys.argv[1], Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    dumped = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))

    def write(name, number, lines):
        # The text is left-aligned and never hyphenated, because people copy paths and options.
        head = [f'.TH "{escaped(name.upper(), verbatim=True)}" {number} {day} "tributary {version}" "Tributary"', ".nh", ".ad l"]
        (directory / f"{name}.{number}").write_text("\n".join([*head, *lines]) + "\n")

    root = Command(json.loads(dumped)["command"], [])
    for command in root.all():
        write(command.page, 1, command_page(root, command))
    write("tributary.yaml", 5, configuration_page())
    write("tributary-spool", 5, spool_page())


if __name__ == "__main__":
    main()

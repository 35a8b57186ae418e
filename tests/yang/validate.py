"""Validate JSON instance data against the true ietf-l2vpn-svc@2018-10-09.

    validate [--features LIST] [FILE ...]     each FILE holds one body
    validate [--features LIST] < bodies       one body per line
    validate --self-test

A body is a whole data tree, {"ietf-l2vpn-svc:l2vpn-svc": {...}} (RFC 7951). LIST is a comma-separated list of the
module's features, `all`, or `none`; the default is what the emulator of tests/emulator announces. For each body one
line of JSON is printed, in order: {"name": .., "valid": true} or {"name": .., "valid": false, "error": ..}.

The modules come from the pyang package and the judgement from yangson, so that neither is ours. Deliberately absent:
fragments and patches, which only mean something against a tree.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from yangson import DataModel
from yangson.exceptions import YangsonException

MODULE = "ietf-l2vpn-svc"
REVISION = "2018-10-09"
IMPORTED = {
    "ietf-inet-types": "2013-07-15",
    "ietf-yang-types": "2013-07-15",
    "ietf-netconf-acm": "2018-02-14",
}
EMULATOR_FEATURES = ["bearer-reference", "dot1q", "qinq", "qinany", "vxlan", "input-bw"]
SELF_TEST_BODIES = Path(__file__).parent / "bodies"


def module_text(name):
    """The text of a module as the pyang package carries it, in this interpreter's own environment."""
    return (Path(sys.prefix) / "share" / "yang" / "modules" / "ietf" / f"{name}.yang").read_text(encoding="utf-8")


def namespace_of(text):
    return re.search(r'^\s*namespace\s+"?([^";\s]+)', text, re.MULTILINE).group(1)


def known_features():
    return re.findall(r"^  feature ([a-z0-9-]+) \{", module_text(MODULE), re.MULTILINE)


def load_model(features):
    """The data model of the module with exactly `features` on."""
    folder = tempfile.mkdtemp(prefix="yang-modules-")
    try:
        modules = []
        for name, revision in {MODULE: REVISION, **IMPORTED}.items():
            text = module_text(name)
            # yangson looks for name@revision and refuses a file that lacks the revision.
            (Path(folder) / f"{name}@{revision}.yang").write_text(text, encoding="utf-8")
            implemented = name == MODULE
            modules.append({
                "name": name,
                "revision": revision,
                "namespace": namespace_of(text),
                "conformance-type": "implement" if implemented else "import",
                **({"feature": features} if implemented else {}),
            })
        library = {"ietf-yang-library:modules-state": {"module-set-id": "test", "module": modules}}
        return DataModel(json.dumps(library), (folder,))
    finally:
        shutil.rmtree(folder)


def verdict(model, name, text):
    """One body's verdict, as the dictionary that is printed."""
    try:
        model.from_raw(json.loads(text)).validate()
    except (YangsonException, ValueError) as error:
        return {"name": name, "valid": False, "error": f"{type(error).__name__}: {error}"}
    except TypeError as error:
        # yangson 1.6.3 trips over its own message where a mandatory choice is the only thing missing. It has found
        # the data incomplete by then; a TypeError from anywhere else is no verdict and ends the run.
        if traceback.extract_tb(error.__traceback__)[-1].name != "_check_schema_pattern":
            raise
        return {"name": name, "valid": False, "error": "SchemaError: missing-data: expected a case of a mandatory choice"}
    return {"name": name, "valid": True}


def self_test(model):
    """Good bodies must pass and bad ones must not: a validator that says yes to everything proves nothing."""
    wrong = 0
    for path in sorted(SELF_TEST_BODIES.glob("*.json")):
        found = verdict(model, path.name, path.read_text(encoding="utf-8"))
        expected = path.name.startswith("good-")
        wrong += found["valid"] is not expected
        print(json.dumps(found))
    return wrong


def main():
    parser = argparse.ArgumentParser(prog="validate", description="Validate bodies against ietf-l2vpn-svc.")
    parser.add_argument("--features", default=",".join(EMULATOR_FEATURES))
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()

    known = known_features()
    features = {"all": known, "none": []}.get(arguments.features, arguments.features.split(","))
    if unknown := sorted(set(features) - set(known)):
        parser.error(f"the module has no feature {', '.join(unknown)}")

    model = load_model(features)
    if arguments.self_test:
        return min(self_test(model), 1)
    if arguments.files:
        bodies = [(str(path), path.read_text(encoding="utf-8")) for path in arguments.files]
    else:
        bodies = [(f"line {n}", line) for n, line in enumerate(sys.stdin, 1) if line.strip()]
    all_valid = True
    for name, text in bodies:
        found = verdict(model, name, text)
        all_valid &= found["valid"]
        print(json.dumps(found), flush=True)
    return 0 if all_valid else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        # Exit code 1 belongs to invalid bodies alone.
        traceback.print_exc()
        sys.exit(2)

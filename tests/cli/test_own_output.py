from __future__ import annotations

import json
import sys
import threading

from penchant import doctor
from penchant.cli.own_output import own_standard_output


def test_what_other_threads_print_is_no_part_of_the_answer(capsys):
    before = sys.stdout
    with own_standard_output():
        print("the answer")
        other = threading.Thread(target=lambda: print("a node has died", file=sys.stdout))
        other.start()
        other.join()
        assert sys.stdout.encoding == before.encoding
    assert sys.stdout is before
    assert capsys.readouterr() == ("the answer\n", "a node has died\n")


def test_json_stays_json_whatever_threads_print(call, monkeypatch):
    diagnose = doctor.diagnose

    def noisy(**options):
        other = threading.Thread(target=lambda: print("a node has died", file=sys.stdout))
        other.start()
        other.join()
        return diagnose(**options)

    monkeypatch.setattr(doctor, "diagnose", noisy)
    done = call("doctor", "--quick", "--json")
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stderr.startswith("a node has died\n")

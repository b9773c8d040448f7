import evaluation
from evaluation import estimates


def test_every_estimator_is_on_the_public_face():
    functions = [name for name in estimates.__all__ if name[0].islower()]
    assert len(functions) > 10
    for name in functions:
        assert getattr(evaluation, name) is getattr(estimates, name)


def test_the_room_imports_no_other_room():
    import subprocess
    import sys

    code = (
        "import sys, evaluation.estimates as room\n"
        "for name in room.__all__: getattr(room, name)\n"
        "ours = {m.split('.')[1] for m in sys.modules if m.startswith('evaluation.')}\n"
        "print(sorted(ours), 'matplotlib' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "['estimates'] False"

"""The worked set-ups of the documentation and the one by cloud-init, carried out on a copy of this machine."""

from __future__ import annotations

import re
from pathlib import Path

import copied_machine
import pytest
import yaml
from documentation import ROOT, blocks

PAGE = "docs/how-to/worked-set-ups.md"
MINUTES = 60.0
pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.models]

# Without the libraries of models, which are 4 GB.
SMALLER = ("-r requirements/all.txt", "-r requirements/gateway.txt")
RESULT = re.compile(r"(?m)^/\S+\.png$")


def commands(heading: str) -> str:
    """What is to be run below a heading of the page."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    first = page[: page.index(f"## {heading}")].count("\n")
    following = page.find("\n## ", page.index(f"## {heading}") + 1)
    last = page[:following].count("\n") if following > 0 else page.count("\n")
    below = [block for block in blocks(PAGE, "sh") if first < block.line <= last and block.skipped is None]
    assert below
    return "".join(block.code for block in below).replace(*SMALLER)


def files() -> str:
    """Commands that make the files whose content the page shows."""
    shown = [block for block in blocks(PAGE) if block.file is not None]
    return "".join(f"cat > {block.file} <<'END OF FILE'\n{block.code}END OF FILE\n" for block in shown)


def test_a_laptop_is_set_up_as_the_page_says(tmp_path: Path) -> None:
    script = f"""
        useradd --create-home someone
        {copied_machine.tracked_files(ROOT, "/home/someone/clone")}
        chown -R someone: /home/someone
        cat > /home/someone/commands <<'END OF COMMANDS'
{commands("A laptop")}
END OF COMMANDS
        cd /home/someone/clone
        HOME=/home/someone runuser -u someone -- bash -euo pipefail /home/someone/commands
    """
    said = copied_machine.run(script, tmp_path, 5 * MINUTES)
    assert RESULT.findall(said)[0].startswith("/home/someone/spectacle/spool/someone-")
    assert "waiting: none" in said


def test_a_machine_with_a_bot_and_hosts_on_nfs_are_set_up_as_the_page_says(tmp_path: Path) -> None:
    # The bot's file lies in the directory that the commands have changed to.
    machine = commands("A machine with a GPU and a chat bot").replace("useradd", f"{files()}useradd", 1)
    # Then it becomes one of the hosts on a mounted spool, whose server is a directory here.
    script = f"""
        {copied_machine.tracked_files(ROOT, "/root/clone")}
        cd /root/clone
        {machine}
        runuser -u picturebot -- sh -c 'head -c 8 /srv/spectacle/spool/bot-*.png' > /dev/null
        systemctl disable --now spectacle
        mv /srv/spectacle/spool /srv/spectacle/former
        install -d -m 2770 -o spectacle -g spectacle /srv/export/spectacle
        mount() {{
            grep -q "^files:/srv/export/spectacle $1 nfs" /etc/fstab
            command mount --bind /srv/export/spectacle "$1"
        }}
        {commands("Three hosts on NFS")}
    """
    said = RESULT.findall(copied_machine.run(script, tmp_path, 5 * MINUTES))
    assert said[0].startswith("/srv/spectacle/spool/bot-")
    assert said[1].startswith("/srv/spectacle/spool/spectacle-")


def test_cloud_init_sets_up_a_machine(tmp_path: Path) -> None:
    """What cloud-init would write and run, with the three values that are to be put in."""
    wanted = yaml.safe_load((ROOT / "cloud/cloud-init.yaml").read_text(encoding="utf-8"))
    (file,) = wanted["write_files"]
    assert wanted["runcmd"] == [[file["path"]]]
    content = file["content"]
    # An address, as anybody's would be. From a path, git makes hard links, which once failed on the copy's overlay.
    for name, value in (("source", "file:///root/clone"), ("requirements", "gateway"), ("generator", "illustration")):
        content, count = re.subn(rf"(?m)^{name}=\S+( +# HERE)", rf"{name}={value}\1", content)
        assert count == 1
    script = f"""
        {copied_machine.tracked_files(ROOT, "/root/clone")}
        git -C /root/clone init --quiet
        git -C /root/clone add --all
        git -C /root/clone -c user.name=Test -c user.email=test@example.org commit --quiet --message Test
        cat > {file["path"]} <<'END OF FILE'
{content}
END OF FILE
        chmod {file["permissions"]} {file["path"]}
        {file["path"]}
        export SPECTACLE_CONFIG=/etc/spectacle/spectacle.toml
        runuser -u spectacle -- /opt/spectacle/bin/spectacle submit --wait "a fox"
        curl --silent --fail --retry 20 --retry-delay 1 --retry-connrefused --noproxy '*' http://127.0.0.1:8000/healthz
    """
    said = copied_machine.run(script, tmp_path, 5 * MINUTES)
    assert RESULT.findall(said)
    assert said.rstrip().endswith(("}", "ok"))

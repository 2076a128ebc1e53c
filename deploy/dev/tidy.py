"""clang-tidy over the given sources of a build, leaving out those that it has passed before exactly as they are.

A source passes as it is when neither its bytes, nor those of any header it includes, nor its compile command, nor the checks,
nor clang-tidy have changed. What ninja knows of includes is used, so build first. Passes are empty files named by a SHA-256,
in a folder that may be deleted at any time; those unused for thirty days are deleted here.

The exit code is 1 when something was found, all of which is printed at the end.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

CLANG_TIDY = "clang-tidy-19"
KEPT_SECONDS = 30 * 24 * 3600


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="folder of a ninja build with compile_commands.json")
    parser.add_argument("--passes", required=True, type=pathlib.Path, help="folder of what has passed before")
    parser.add_argument("sources", nargs="+", help="paths from the repository's top on, where this runs")
    return parser.parse_args()


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def headers_by_object(build):
    """Object file, from the build folder on, to all files it was made of, as ninja recorded them."""
    headers, current = {}, None
    for line in output_of("ninja", "-C", build, "-t", "deps").splitlines():
        if line.startswith("    "):
            headers[current].append(os.path.join(build, line.strip()))
        elif ": #deps" in line:
            current = line.partition(": #deps")[0]
            headers[current] = []
    return headers


@functools.cache
def digest_of_file(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@functools.cache
def checks_of_folder(folder):
    """All of clang-tidy's options for sources of the folder."""
    return output_of(CLANG_TIDY, "--dump-config", os.path.join(folder, "any.cc"))


def key_of(source, compilation, headers, version):
    """Where the repository lies does not matter."""
    top = os.getcwd()
    lines = [version, checks_of_folder(os.path.dirname(source)), compilation["command"].replace(top, "")]
    for header in sorted(set(map(os.path.normpath, headers))):
        lines.append(f"{header.replace(top, '')} {digest_of_file(header)}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def keys_of_sources(sources, build):
    """Source to key; None where ninja has not compiled it. Sources that are no part of the build are left out."""
    version = output_of(CLANG_TIDY, "--version")
    headers = headers_by_object(build)
    compilations = {
        os.path.relpath(each["file"]): each
        for each in json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    }
    keys = {}
    for source in sources:
        if source in compilations:
            made_of = headers.get(compilations[source]["output"])
            keys[source] = made_of and key_of(source, compilations[source], made_of, version)
    return keys


def forget_old_passes(folder):
    for each in folder.iterdir():
        if time.time() - each.stat().st_mtime > KEPT_SECONDS:
            each.unlink()


def check(source, build):
    """What clang-tidy finds; empty when the source passes."""
    run = subprocess.run([CLANG_TIDY, "-quiet", "-p", build, source], capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stdout or run.stderr


def check_all(keys, build, passes):
    """The findings of all sources that are checked, a text each."""
    findings = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(check, source, build): source for source in keys}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            source = futures[future]
            print(f"[{done}/{len(keys)}] {source}", flush=True)
            if future.result():
                findings.append(future.result())
            elif keys[source]:
                (passes / keys[source]).touch()
    return findings


def main():
    args = arguments()
    args.passes.mkdir(parents=True, exist_ok=True)
    keys = keys_of_sources(args.sources, args.build)
    passed = {source for source, key in keys.items() if key and (args.passes / key).exists()}
    for source in passed:
        (args.passes / keys[source]).touch()
    forget_old_passes(args.passes)
    print(f"{len(passed)} of {len(keys)} sources have passed as they are")
    findings = check_all({source: key for source, key in keys.items() if source not in passed}, args.build, args.passes)
    print("\n".join(findings), end="")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

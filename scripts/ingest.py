"""Copies the documents of a folder to the bucket of a deployed stack, and has its knowledge base read them.

    ingest.py ENV [--folder knowledge]    exit code 1 if the ingestion failed, or did not take a document

CloudFormation creates a knowledge base without content. The bucket becomes a copy of the folder: what has changed is
written, and what is gone is deleted. Then an ingestion job runs, and its progress is printed until it has ended.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

from botocore.exceptions import ClientError

from cloud import client, outputs, run, shown, stack

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"
# The same documents that `toolgate dev` reads.
ENDINGS = {".md", ".txt"}
BESIDE = ".metadata.json"
METADATA_BYTES = 10 * 1024
NEEDED = ("KnowledgeDocumentsName", "KnowledgeBaseId", "KnowledgeSourceId")
ENDED = {"COMPLETE", "FAILED", "STOPPED"}
# How often the job is looked at, and the pause between two looks.
LOOKS, PAUSE_SECONDS = 600, 3
COUNTS = {
    "numberOfDocumentsScanned": "read", "numberOfNewDocumentsIndexed": "new", "numberOfModifiedDocumentsIndexed": "changed",
    "numberOfMetadataDocumentsModified": "changed in their metadata", "numberOfDocumentsDeleted": "deleted",
    "numberOfDocumentsFailed": "failed",
}


def documents(folder):
    """The content of each object by its key: the documents, and the metadata beside them."""
    if not folder.is_dir():
        sys.exit(f"there is no folder `{folder}` with documents")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    wanted = [path for path in files if path.suffix in ENDINGS]
    if not wanted:
        sys.exit(f"`{folder}` has no document: a document is a file `*.md` or `*.txt`")
    beside = {path.with_name(path.name + BESIDE) for path in wanted}
    alone = [path for path in files if path.name.endswith(BESIDE) and path not in beside]
    problems = [f"`{path.relative_to(folder).as_posix()}` belongs to no document" for path in alone]
    found = {}
    for path in wanted:
        key = path.relative_to(folder).as_posix()
        found[key] = path.read_bytes()
        beside = path.with_name(path.name + BESIDE)
        if beside.is_symlink():
            problems.append(f"`{beside.name}` is a symbolic link: put a plain file in its place")
        elif beside.is_file():
            found[key + BESIDE] = beside.read_bytes()
            if problem := wrong(found[key + BESIDE]):
                problems.append(f"`{beside.name}` {problem}")
    if problems:
        sys.exit("\n".join(["nothing was copied", *problems]))
    return found


def wrong(metadata):
    """What Bedrock would not accept in a metadata file. It would only count the document as failed."""
    if len(metadata) > METADATA_BYTES:
        return f"has more than {METADATA_BYTES} bytes, the limit of the service"
    try:
        attributes = json.loads(metadata).get("metadataAttributes")
    except (ValueError, AttributeError):
        return "is not a JSON object"
    return None if isinstance(attributes, dict) else "needs an object `metadataAttributes`"


def copy(s3, bucket, wanted):
    """Makes the bucket a copy. Returns how many objects were written and deleted."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    # Without a key of one's own the tag of an object is the MD5 of its content.
    tags = {one["Key"]: one["ETag"].strip('"') for page in pages for one in page.get("Contents", [])}
    changed = [key for key, content in wanted.items() if tags.get(key) != hashlib.md5(content, usedforsecurity=False).hexdigest()]
    for key in changed:
        kind = "application/json" if key.endswith(BESIDE) else "text/plain; charset=utf-8"
        s3.put_object(Bucket=bucket, Key=key, Body=wanted[key], ContentType=kind)
    gone = sorted(tags.keys() - wanted.keys())
    for key in gone:
        s3.delete_object(Bucket=bucket, Key=key)
    return len(changed), len(gone)


def ingest(api, base, source):
    """Runs a job and prints its progress. Returns the job as it has ended."""
    try:
        job = api.start_ingestion_job(knowledgeBaseId=base, dataSourceId=source)["ingestionJob"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConflictException":
            raise
        sys.exit("an ingestion of this knowledge base is running: repeat the command when it has ended")
    last = None
    for _ in range(LOOKS):
        if (line := progress(job)) != last:
            print(line, flush=True)
            last = line
        if job["status"] in ENDED:
            return job
        time.sleep(PAUSE_SECONDS)
        job = api.get_ingestion_job(knowledgeBaseId=base, dataSourceId=source, ingestionJobId=job["ingestionJobId"])["ingestionJob"]
    sys.exit(f"the ingestion has not ended after {LOOKS * PAUSE_SECONDS // 60:.0f} minutes: look at it in the console of AWS")


def progress(job):
    counts = job.get("statistics", {})
    words = [f"{counts[name]} {word}" for name, word in COUNTS.items() if counts.get(name)]
    return f"{job['status']}: {', '.join(words) or 'no document yet'}"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    wanted = documents(chosen.folder)
    found = outputs(chosen.environment)
    if missing := [name for name in NEEDED if name not in found]:
        sys.exit(f"`{stack(chosen.environment)}` has no output {missing[0]}: deploy this template first")
    bucket, base, source = (found[name] for name in NEEDED)
    written, deleted = copy(client(chosen.environment, "s3"), bucket, wanted)
    print(f"`{bucket}`: {len(wanted)} files, {written} written, {deleted} deleted")
    job = ingest(client(chosen.environment, "bedrock-agent"), base, source)
    for reason in job.get("failureReasons", []):
        print(shown(reason), file=sys.stderr)
    failed = job.get("statistics", {}).get("numberOfDocumentsFailed", 0)
    if job["status"] != "COMPLETE" or failed:
        print("the knowledge base does not have all documents: correct them, and repeat the command", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)

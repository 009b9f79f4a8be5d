"""`make ingest`: the bucket becomes a copy of the folder, and the job is awaited. Every request and every response fits
botocore's models."""

import hashlib
import json

import ingest
import pytest
from botocore.stub import ANY
from samcli.yamlhelper import yaml_parse
from test_rollback import MADE, Aws
from variants import ROOT, VARIANTS

IDS = {"knowledgeBaseId": "KB00000001", "dataSourceId": "SOURCE0001"}
OUTPUTS = {"KnowledgeDocumentsName": "documents", "KnowledgeBaseId": "KB00000001", "KnowledgeSourceId": "SOURCE0001"}


@pytest.fixture
def aws(monkeypatch):
    aws = Aws()
    monkeypatch.setattr(ingest, "client", aws.client)
    monkeypatch.setattr(ingest, "outputs", lambda _: OUTPUTS)
    monkeypatch.setattr(ingest, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(ingest, "LOOKS", 5)
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.md").write_text("# A")
    (tmp_path / "a.md.metadata.json").write_text('{"metadataAttributes": {"x": 1}}')
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.txt").write_text("B")
    (tmp_path / "notes.html").write_text("not a document here")
    return tmp_path


def etag(text):
    return f'"{hashlib.md5(text.encode()).hexdigest()}"'


def objects(aws, *pages):
    for number, found in enumerate(pages):
        contents = [{"Key": key, "ETag": tag, "Size": 1, "LastModified": MADE} for key, tag in found.items()]
        more = {"NextContinuationToken": "more", "IsTruncated": True} if number + 1 < len(pages) else {}
        asked = {"ContinuationToken": "more"} if number else {}
        aws.expect("s3", "list_objects_v2", {"Contents": contents, **more}, Bucket="documents", **asked)


def written(aws, *keys):
    for key in keys:
        aws.expect("s3", "put_object", {}, Bucket="documents", Key=key, Body=ANY, ContentType=ANY)


def job(aws, *states):
    for number, (status, counts, *reasons) in enumerate(states):
        one = {**IDS, "ingestionJobId": "JOB0000001", "status": status, "startedAt": MADE, "updatedAt": MADE,
               "statistics": counts, **({"failureReasons": reasons} if reasons else {})}
        if number == 0:
            aws.expect("bedrock-agent", "start_ingestion_job", {"ingestionJob": one}, **IDS)
        else:
            aws.expect("bedrock-agent", "get_ingestion_job", {"ingestionJob": one}, **IDS, ingestionJobId="JOB0000001")


def test_only_changes_are_copied_and_the_job_is_awaited(aws, folder, capsys):
    objects(aws, {"a.md": etag("# A"), "gone.md": etag("x")}, {"a.md.metadata.json": etag("old"), "gone.md.metadata.json": etag("x")})
    written(aws, "a.md.metadata.json", "deep/b.txt")
    for key in ("gone.md", "gone.md.metadata.json"):
        aws.expect("s3", "delete_object", {}, Bucket="documents", Key=key)
    job(aws, ("STARTING", {}), ("IN_PROGRESS", {"numberOfDocumentsScanned": 2}), ("IN_PROGRESS", {"numberOfDocumentsScanned": 2}),
        ("COMPLETE", {"numberOfDocumentsScanned": 2, "numberOfNewDocumentsIndexed": 1, "numberOfDocumentsDeleted": 1}))
    assert ingest.main(["dev", "--folder", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "`documents`: 3 files, 2 written, 2 deleted",
        "STARTING: no document yet",
        "IN_PROGRESS: 2 read",
        "COMPLETE: 2 read, 1 new, 1 deleted",
    ]


@pytest.mark.parametrize("end", [
    ("FAILED", {}, "the role \x1b[31mmay not"), ("STOPPED", {}),
    ("COMPLETE", {"numberOfDocumentsScanned": 2, "numberOfDocumentsFailed": 1}, "a.md: too long"),
])
def test_a_job_that_took_not_everything_is_a_failure(aws, folder, capsys, end):
    objects(aws, {})
    written(aws, "a.md", "a.md.metadata.json", "deep/b.txt")
    job(aws, ("STARTING", {}), end)
    assert ingest.main(["dev", "--folder", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "does not have all documents" in said and "\x1b" not in said
    assert all(reason.replace("\x1b", "") in said for reason in end[2:])


def test_a_job_without_an_end_and_one_beside_another_are_told(aws, folder):
    objects(aws, {})
    written(aws, "a.md", "a.md.metadata.json", "deep/b.txt")
    aws.stub("bedrock-agent").add_client_error("start_ingestion_job", "ConflictException", expected_params=IDS)
    with pytest.raises(SystemExit, match="is running: repeat the command"):
        ingest.main(["dev", "--folder", str(folder)])
    job(aws, *[("IN_PROGRESS", {})] * 6)
    with pytest.raises(SystemExit, match="has not ended"):
        ingest.ingest(aws.client("dev", "bedrock-agent"), *IDS.values())


@pytest.mark.parametrize(("name", "content", "problem"), [
    ("b.md.metadata.json", "{}", "belongs to no document"),
    # A document with this name is in another folder.
    ("deep/a.md.metadata.json", "{}", "`deep/a.md.metadata.json` belongs to no document"),
    ("a.md.metadata.json", "[", "is not a JSON object"),
    ("a.md.metadata.json", "[]", "is not a JSON object"),
    ("a.md.metadata.json", '{"metadataAttributes": []}', "needs an object"),
    ("a.md.metadata.json", json.dumps({"metadataAttributes": {"x": "y" * 11_000}}), "more than 10240 bytes"),
])
def test_what_bedrock_would_not_take_is_not_copied(aws, folder, name, content, problem):
    (folder / name).write_text(content)
    with pytest.raises(SystemExit, match=f"nothing was copied\n.*{problem}"):
        ingest.main(["dev", "--folder", str(folder)])


def test_a_link_is_not_followed(aws, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text("a secret")
    (folder / "link.md").symlink_to(outside)
    assert "link.md" not in ingest.documents(folder)
    (folder / "deep" / "b.txt.metadata.json").symlink_to(outside)
    with pytest.raises(SystemExit, match="nothing was copied\n.*is a symbolic link"):
        ingest.main(["dev", "--folder", str(folder)])


def test_a_stack_without_a_knowledge_base_and_an_empty_folder_are_told(aws, monkeypatch, folder, tmp_path):
    monkeypatch.setattr(ingest, "outputs", lambda _: {})
    with pytest.raises(SystemExit, match="no output KnowledgeDocumentsName: deploy"):
        ingest.main(["dev", "--folder", str(folder)])
    (tmp_path / "empty").mkdir()
    for name, problem in (("empty", "has no document"), ("nowhere", "there is no folder")):
        with pytest.raises(SystemExit, match=problem):
            ingest.main(["dev", "--folder", str(tmp_path / name)])


def test_the_projects_documents_can_be_ingested():
    found = ingest.documents(ingest.FOLDER)
    texts = [key for key in found if not key.endswith(ingest.BESIDE)]
    assert len(texts) >= 15 and all(key + ingest.BESIDE in found for key in texts)
    attributes = [json.loads(found[key + ingest.BESIDE])["metadataAttributes"] for key in texts]
    ids = [one["articleId"] for one in attributes]
    assert len(set(ids)) == len(ids) and all(one["title"]["value"]["stringValue"] for one in attributes)
    # A heading says what the metadata say.
    for key, one in zip(texts, attributes, strict=True):
        assert found[key].decode().splitlines()[0] == f"# {one['title']['value']['stringValue']}"


def test_it_knows_the_template():
    assert set(ingest.NEEDED) <= yaml_parse((ROOT / "template.yaml").read_text())["Outputs"].keys()
    for deployed in VARIANTS.values():
        (source,) = deployed.of("AWS::Bedrock::DataSource").values()
        assert source["KnowledgeBaseId"] == "KB00000001"
        (index,) = deployed.of("AWS::S3Vectors::Index").values()
        assert {"AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"} <= set(index["MetadataConfiguration"]["NonFilterableMetadataKeys"])

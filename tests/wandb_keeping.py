"""What the W&B server of the tests keeps beside runs: artifacts, workspaces and reports."""

import base64
import json
from typing import Any

DAY = "2026-01-01T00:00:00Z"
PROJECT = {"id": "p", "internalId": "1", "name": "findings", "entity": {"name": "team"}}


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"__typename": kind, "id": name, "name": name, "description": None, "createdAt": DAY, "updatedAt": DAY}


def _page(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """All there is, as the one page of a connection."""
    info = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
    return {"edges": [{"node": node, "cursor": "c"} for node in nodes], "pageInfo": info}


class Keeping:
    """Answers about them, for :class:`wandb_server.Server`."""

    address: str
    artifacts: dict[str, dict[str, Any]]
    kept: dict[str, bytes]
    views: dict[str, dict[str, Any]]

    # --- artifacts

    def _ArtifactType(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"artifact": None}}

    def _FetchArtifactDigestAlgorithm(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"artifactType": None}}

    def _CreateArtifact(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        told = given["input"]
        id = f"artifact{len(self.artifacts)}"
        self.artifacts[id] = told | {"files": {}, "committed": False}
        sequence = {"id": "s", "name": told["artifactCollectionName"], "latestArtifact": None}
        return {"createArtifact": {"artifact": {"id": id, "state": "PENDING", "artifactSequence": sequence}}}

    def _CreateArtifactManifest(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"createArtifactManifest": {"artifactManifest": self._manifest(given["artifactID"])}}

    def _UpdateArtifactManifest(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"updateArtifactManifest": {"artifactManifest": self._manifest(given["artifactManifestID"])}}

    def _manifest(self, id: str) -> dict[str, Any]:
        file = {"id": "f", "name": "m.json", "displayName": "m.json", "uploadHeaders": [],
                "uploadUrl": f"{self.address}/manifests/{id}"}  # fmt: skip
        return {"id": id, "file": file}

    def _CreateArtifactFiles(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        nodes = []
        for one in given["input"]["artifactFiles"]:
            self.artifacts[one["artifactID"]]["files"][one["name"]] = None
            nodes.append({"id": "f", "name": one["name"], "displayName": one["name"], "storagePath": one["name"],
                          "uploadUrl": f"{self.address}/artifacts/{one['artifactID']}/{one['name']}",
                          "uploadHeaders": [], "uploadMultipartUrls": None,
                          "artifact": {"id": one["artifactID"]}})  # fmt: skip
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _CommitArtifact(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        artifact = self.artifacts[given["artifactID"]]
        artifact["committed"] = True
        return {"commitArtifact": {"artifact": {"id": given["artifactID"], "digest": artifact["digest"]}}}

    def _ProjectArtifactTypes(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        kinds = sorted({one["artifactTypeName"] for one in self.artifacts.values()})
        return {"project": {"artifactTypes": _page([_named("ArtifactType", kind) for kind in kinds])}}

    def _ProjectArtifactType(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"artifactType": _named("ArtifactType", given["type"])}}

    def _ArtifactTypeArtifactCollections(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        names = {one["artifactCollectionName"] for one in self.artifacts.values()}
        nodes = [_named("ArtifactSequence", name) | {"project": PROJECT, "type": {"name": given["type"]},
                 "tags": {"edges": []}} for name in sorted(names)]  # fmt: skip
        return {"project": {"artifactType": {"artifactCollections": _page(nodes) | {"totalCount": len(nodes)}}}}

    def _ArtifactMembershipByName(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = given["name"].partition(":")[0]
        versions = [id for id, one in self.artifacts.items() if one["artifactCollectionName"] == name]
        told = self.artifacts[versions[-1]]
        sequence = {"__typename": "ArtifactSequence", "name": name, "project": PROJECT}
        artifact = {"__typename": "Artifact", "id": versions[-1], "artifactSequence": sequence,
                    "versionIndex": len(versions) - 1, "artifactType": {"name": told["artifactTypeName"]},
                    "description": None, "metadata": told["metadata"], "ttlDurationSeconds": -1,
                    "ttlIsInherited": True, "tags": [], "historyStep": None, "state": "COMMITTED", "size": 1,
                    "digest": told["digest"], "digestAlgorithm": told["digestAlgorithm"], "commitHash": None,
                    "fileCount": 1, "createdAt": DAY, "updatedAt": DAY, "aliases": []}  # fmt: skip
        found = {"__typename": "ArtifactCollectionMembership", "id": "m", "versionIndex": len(versions) - 1,
                 "createdAt": DAY, "aliases": [], "artifactCollection": sequence, "artifact": artifact}  # fmt: skip
        return {"project": {"artifactCollectionMembership": found}}

    def _FetchArtifactManifest(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"artifact": {"currentManifest": {"file": {"directUrl": f"{self.address}/manifests/{given['id']}"}}}}

    def file(self, artifact: str, digest: str) -> bytes | None:
        """A file of an artifact, which is asked for by the MD5 of what was sent, in hexadecimal digits."""
        told = json.loads(self.kept[f"/manifests/{artifact}"])["contents"]
        names = [name for name, one in told.items() if base64.b64decode(one["digest"]).hex() == digest]
        return self.artifacts[artifact]["files"][names[0]] if names else None

    # --- workspaces and reports

    def _UpsertView2(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        inserted = not given.get("id")
        id = given.get("id") or f"view{len(self.views)}"
        assert inserted or id in self.views
        spec = json.loads(given["spec"])
        self.views[id] = given | {"spec": spec}
        project = {"id": "p", "name": given["projectName"], "entityName": given["entityName"]}
        view = {"id": id, "name": given["name"], "type": given["type"], "displayName": given["displayName"],
                "description": given["description"], "project": project, "spec": given["spec"],
                "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}  # fmt: skip
        return {"upsertView": {"view": view, "inserted": inserted}}

    _upsertView = _UpsertView2  # noqa: N815

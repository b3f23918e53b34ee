"""What the W&B server of the tests keeps beside runs: artifacts, workspaces and reports."""

import json
from typing import Any


class Keeping:
    """Answers about them, for :class:`wandb_server.Server`."""

    address: str
    artifacts: dict[str, dict[str, Any]]
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
                "uploadUrl": f"{self.address}/manifest"}  # fmt: skip
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

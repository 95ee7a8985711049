/** What the server serves, as clients discover it: API versions, groups, resources and verbs (meta/v1), and the server's version. */
import { apiVersionOf, type KindDefinition } from "@modelyard/api";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const statusVerbs = ["get", "patch", "update"];

/** Documents of discovery by path. */
export function discoveryDocuments(kinds: readonly KindDefinition[], version: string): ReadonlyMap<string, object> {
  const documents = new Map<string, object>([
    ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
    ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: groupNames(kinds).map((group) => groupDocument(kinds, group)) }],
    ["/version", versionDocument(version)],
  ]);
  for (const group of groupNames(kinds)) {
    documents.set(`/apis/${group}`, { kind: "APIGroup", apiVersion: "v1", ...groupDocument(kinds, group) });
  }
  for (const groupVersion of new Set(kinds.map(apiVersionOf))) {
    const path = groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
    documents.set(path, resourceList(kinds, groupVersion));
  }
  return documents;
}

function groupNames(kinds: readonly KindDefinition[]): readonly string[] {
  return [...new Set(kinds.map(({ group }) => group).filter((group) => group !== ""))];
}

function groupDocument(kinds: readonly KindDefinition[], group: string): object {
  const groupVersions = [...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version))];
  const versions = groupVersions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function resourceList(kinds: readonly KindDefinition[], groupVersion: string): object {
  const resources = kinds
    .filter((kind) => apiVersionOf(kind) === groupVersion)
    .flatMap((kind) => {
      const { plural: name, singular: singularName, namespaced, kind: kindName, shortNames } = kind;
      const resource = { name, singularName, namespaced, kind: kindName, verbs, shortNames };
      const status = { name: `${name}/status`, singularName: "", namespaced, kind: kindName, verbs: statusVerbs };
      return kind.hasStatus ? [resource, status] : [resource];
    });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

/** The Kubernetes version whose protocol is spoken; clients derive from it what they may ask. */
function versionDocument(version: string): object {
  return {
    major: "1",
    minor: "33",
    gitVersion: `v1.33.0+modelyard.${version}`,
    platform: `${process.platform}/${process.arch}`,
    goVersion: "none",
    compiler: "none",
  };
}

import { expect, test } from "vitest";
import { stringToSign } from "./shared-key.ts";

test("stringToSign() is that of the published example, Get Container Metadata", () => {
  const request = {
    method: "GET",
    url: new URL("https://myaccount.blob.core.windows.net/mycontainer?comp=metadata&restype=container&timeout=20"),
    headers: { "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21" },
    account: "myaccount",
  };
  // Microsoft, "Authorize with Shared Key", section "Constructing the signature string".
  const published =
    "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20";
  expect(stringToSign(request)).toBe(published);
});

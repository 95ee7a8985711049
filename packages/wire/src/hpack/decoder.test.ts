import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./decoder.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const decoder = (tableBytes = 4096, listBytes = 32_768): HpackDecoder => new HpackDecoder(tableBytes, listBytes);

describe("HPACK decoder, examples of RFC 7541 appendix C", () => {
  test.each([
    [
      "C.2.1 literal with indexing",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      [["custom-key", "custom-header"]],
      55,
    ],
    ["C.2.2 literal without indexing", "040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]], 0],
    ["C.2.3 literal never indexed", "1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]], 0],
    ["C.2.4 indexed", "82", [[":method", "GET"]], 0],
  ] as const)("%s", (_, block, fields, tableBytes) => {
    const one = decoder();
    expect(one.decode(hex(block)).fields).toEqual(fields);
    expect(one.tableBytes).toBe(tableBytes);
  });

  const firstRequest = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ];
  const secondRequest = [...firstRequest, ["cache-control", "no-cache"]];
  const thirdRequest = [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ];
  test.each([
    [
      "C.3 requests without Huffman coding",
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
    ],
    [
      "C.4 requests with Huffman coding",
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
    ],
  ])("%s", (_, blocks) => {
    const one = decoder();
    expect(blocks.map((block) => one.decode(hex(block)).fields)).toEqual([firstRequest, secondRequest, thirdRequest]);
    expect(one.tableBytes).toBe(164);
  });

  test("C.6 responses with Huffman coding and eviction from a table of 256 bytes", () => {
    const one = decoder(256);
    const first = one.decode(
      hex(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      ),
    );
    expect(first.fields).toEqual([
      [":status", "302"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ]);
    expect(one.tableBytes).toBe(222);
    expect(one.decode(hex("4883 640e ffc1 c0bf")).fields).toEqual([[":status", "307"], ...first.fields.slice(1)]);
    expect(one.tableBytes).toBe(222);
    const third = one.decode(
      hex(
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ),
    );
    expect(third.fields[0]).toEqual([":status", "200"]);
    expect(third.fields[5]).toEqual(["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"]);
    expect(one.tableBytes).toBe(215);
  });
});

describe("HPACK decoder, malformed blocks", () => {
  test.each([
    ["index 0", "80"],
    ["an index beyond the tables", "c2"],
    ["a string beyond the block", "040c 2f73"],
    ["an integer without end", "ffff ffff ffff ffff"],
    ["a block that ends within a field", "40"],
    ["a Huffman string padded with zeros", "0085 f2b2 4a84 fc00 0161"],
    ["a Huffman string with a whole byte of padding", "0086 f2b2 4a84 ffff 0161"],
    ["the end-of-string symbol", "0084 ffff fffc 0161"],
    ["a size update after a field", "8220"],
    ["a size update above what was announced", "3fe2 1f"],
  ])("%s is refused", (_, block) => {
    expect(() => decoder().decode(hex(block))).toThrow();
  });

  test("a list above the limit is cut, and the table stays right", () => {
    const one = decoder(4096, 60);
    const cut = one.decode(hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572 82"));
    expect(cut).toEqual({ fields: [["custom-key", "custom-header"]], isTooLarge: true });
    expect(one.decode(hex("be")).fields).toEqual([["custom-key", "custom-header"]]);
  });
});

import { expect, it } from "vitest";
import type { Collection, Field } from "../client";
import { lostByUnlinking, whyNotLinked } from "./links";

const field = (more: Partial<Field>): Field => ({ name: "tags", type: "hasMany", target: "tags", foreignKey: "postId", ...more }) as Field;
const collection = (more: object): Collection => ({ name: "posts", title: "Posts", fields: [], may: {}, ...more }) as unknown as Collection;

it.each([
  [{ update: null }, {}, null],
  [{ update: ["tags"] }, {}, null],
  [{ update: ["title", "postId"] }, {}, "Your role may not change this field"],
  [{ view: null, create: null }, {}, "Your role may not change these records"],
  [{ update: null }, { readOnly: true }, "The system sets this field"],
])("who may %j links over a field %j unless: %s", (may, more, reason) => {
  expect(whyNotLinked(collection({ may }), field(more))).toBe(reason);
});

it.each(["hasOne", "hasMany"])("a partner of %s loses its key, called as the other side calls it", (type) => {
  const target = collection({ name: "tags", fields: [{ name: "postId", type: "bigInt" }, { name: "post", type: "belongsTo", foreignKey: "postId", uiSchema: { title: "Blog post" } }] });
  expect(lostByUnlinking(field({ type }), target, undefined)).toBe("Its Blog post is emptied; the record itself stays.");
  expect(lostByUnlinking(field({ type }), undefined, undefined)).toBe("Its Post id is emptied; the record itself stays.");
});

it("a pair is lost with what it says beside its two keys", () => {
  const pair = field({ type: "belongsToMany", foreignKey: "postId", otherKey: "tagId", through: "postTags" });
  const keys = [{ name: "id", type: "bigInt" }, { name: "postId", type: "bigInt" }, { name: "tagId", type: "bigInt" }, { name: "post", type: "belongsTo", foreignKey: "postId" }];
  const through = (...more: object[]) => collection({ name: "postTags", title: null, fields: [...keys, ...more] });
  expect([lostByUnlinking(pair, undefined, undefined), lostByUnlinking(pair, undefined, through())]).toEqual([null, null]);
  expect(lostByUnlinking(pair, undefined, through({ name: "since", type: "dateOnly" }))).toBe("What Post tags says of this link is lost; the record itself stays.");
});

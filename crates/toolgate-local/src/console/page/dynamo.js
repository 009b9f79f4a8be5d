// Values of DynamoDB as plain JSON, and back for a key.

import { object } from "./json.js";

/** `{"S": "x"}` as `"x"`. Numbers are exact texts in DynamoDB, so large ones stay texts. */
export function plainValue(value) {
  const [[type, own] = []] = Object.entries(value ?? {});
  switch (type) {
    case "N": return Number.isSafeInteger(Number(own)) || String(Number(own)) === own ? Number(own) : own;
    case "NULL": return null;
    case "M": return plainItem(own);
    case "L": return own.map(plainValue);
    case "NS": return own.map((one) => plainValue({ N: one }));
    case "B": return object([["$binary", own]]);
    case "BS": return own.map((one) => object([["$binary", one]]));
    default: return own;
  }
}

export const plainItem = (item) => object(Object.entries(item ?? {}).map(([name, value]) => [name, plainValue(value)]));

/** A key's value from what a person typed. */
export const keyValue = (type, text) => ({ [type === "N" || type === "B" ? type : "S"]: text });

/** The members of a request that reads `index`, or the table itself: `key` is `[[attribute, text], ..]`. */
export function query(table, keys, [hash, range], index) {
  const names = object([["#h", keys[0].name]]);
  const values = object([[":h", keyValue(keys[0].type, hash)]]);
  let condition = "#h = :h";
  if (range && keys[1]) {
    names["#r"] = keys[1].name;
    values[":r"] = keyValue(keys[1].type, range);
    condition += keys[1].type === "S" ? " AND begins_with(#r, :r)" : " AND #r = :r";
  }
  return { TableName: table, ...(index ? { IndexName: index } : {}), KeyConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values };
}

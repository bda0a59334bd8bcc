/**
 * What a record itself holds under a key that somebody else chose. Plain indexing finds `constructor` in every object.
 */
export function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

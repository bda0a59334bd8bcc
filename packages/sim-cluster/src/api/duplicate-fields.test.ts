import { expect, test } from 'vitest'
import { duplicateFields } from './duplicate-fields.ts'

test('finds what an object names twice, with the way there', () => {
  const text = '{"a":1,"spec":{"disks":[{"name":"x"},{"name":"y","name":"z"}],"a":2},"spec":{}}'
  expect(duplicateFields(text)).toEqual(['spec.disks[1].name', 'spec'])
})

test('reads keys as JSON does, and takes no value for a key', () => {
  expect(duplicateFields(String.raw`{"a":"a","b":["a","a",["b"]],"a":{"\"":1,"\u0022":2}}`)).toEqual(['a', 'a."'])
})

test('finds nothing where nothing is named twice', () => {
  expect(duplicateFields('[{"a":{"a":{"a":[]}}},{"a":null},true,1.5e3,""]')).toEqual([])
})

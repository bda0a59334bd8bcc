import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGroups } from './groups.ts'

const names = fc.subarray(['a', 'b', 'c'])
const move = fc.record({ member: fc.constantFrom('x', 'y', 'z'), after: names })

test('knows the members of every group after any moves, and nothing of groups that were left', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
      const groups = createGroups()
      const model = new Map<string, string[]>()
      for (const { member, after } of moves) {
        groups.move(member, model.get(member) ?? [], after)
        model.set(member, after)
      }
      for (const group of ['a', 'b', 'c']) {
        const members = [...model].filter(([, of]) => of.includes(group)).map(([member]) => member)
        expect([...groups.of(group)].toSorted()).toEqual(members.toSorted())
      }
    }),
  )
})

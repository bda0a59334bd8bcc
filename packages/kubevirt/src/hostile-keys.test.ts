import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyWatchEvent, type KubeObject, type VirtualMachine, type VirtualMachineInstance, type VmTemplate } from '@virtdeck/k8s'
import { projectVmRow } from './projections.ts'
import { templateFacts, vmFromTemplate } from './templates.ts'

const key = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'a', 'name', 'disks', 'spec')
/** JSON as an API server could answer it: `__proto__` is a key of its own there. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('1', 'true', '"x"', 'null', '"polluted"'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((pairs) => `{${pairs.map(([name, value]) => `"${name}":${value}`).join()}}`),
  ),
})).value
const fields = fc
  .array(fc.tuple(key, json), { maxLength: 4 })
  .map((pairs) => `{${pairs.map(([name, value]) => `"${name}":${value}`).join()}}`)

const shape = () => JSON.stringify([Object.prototype, Array.prototype, Function.prototype].map((each) => Object.getOwnPropertyNames(each)))

test('no form, row or watch makes a property of every object, whatever keys a template, a label or an event has [X-14]', () => {
  const before = shape()
  fc.assert(
    fc.property(fields, fields, fields, fc.constantFrom('__proto__', 'constructor', 'web-01'), (labels, spec, metadata, name) => {
      const template = JSON.parse(
        `{"metadata":{"name":"${name}","labels":${labels},"annotations":${labels}},"spec":{"template":{"metadata":${metadata},"spec":{"domain":{"devices":{"disks":[{"name":"${name}"}]}},"volumes":[{"name":"${name}","dataVolume":{"name":"${name}"}}]}},"dataVolumeTemplates":[{"metadata":{"name":"${name}"},"spec":${spec}}]}}`,
      ) as VmTemplate
      const login = { kind: 'password', user: '__proto__', password: 'constructor' } as const
      for (const read of [
        () => templateFacts(template),
        () =>
          vmFromTemplate(template, { name, namespace: 'team-a', cpus: 2, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, start: true, login }),
        () =>
          projectVmRow({
            vm: JSON.parse(
              `{"metadata":{"name":"${name}","uid":"u","labels":${labels}},"spec":${spec},"status":${metadata}}`,
            ) as VirtualMachine,
            vmi: JSON.parse(
              `{"metadata":{"name":"${name}","annotations":${labels}},"spec":${spec},"status":${metadata}}`,
            ) as VirtualMachineInstance,
          }),
        () =>
          applyWatchEvent(new Map(), {
            type: 'ADDED',
            object: JSON.parse(`{"metadata":{"uid":"__proto__","labels":${labels}}}`) as KubeObject,
          }),
      ]) {
        try {
          read()
        } catch (error) {
          // What is of no shape at all may be refused.
          if (!(error instanceof TypeError)) throw error
        }
      }
      expect(shape()).toBe(before)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
      for (const inherited in {}) throw new Error(`every object has ${inherited}`)
    }),
    { numRuns: 500 },
  )
})

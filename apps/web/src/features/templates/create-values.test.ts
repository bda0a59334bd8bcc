import type { Status } from '@virtdeck/k8s'
import type { TemplateFacts } from '@virtdeck/kubevirt'
import { describe, expect, test } from 'vitest'
import { createSchema, initialValues, refusedFields, sizesFor, templateValues, type CreateValues } from './create-values.ts'

const GiB = 2 ** 30
const facts: TemplateFacts = {
  uid: 'u',
  name: 'ubuntu-2404',
  createdAt: 0,
  displayName: 'Ubuntu 24.04 LTS',
  os: 'ubuntu',
  osName: 'Ubuntu 24.04',
  family: 'linux',
  cpus: 2,
  memoryBytes: 4 * GiB,
  diskBytes: 20 * GiB,
  origin: { kind: 'clone', resource: 'persistentvolumeclaims', namespace: 'golden', name: 'ubuntu' },
  moreDisks: 0,
  login: true,
  user: 'ubuntu',
  image: 'ready',
}
const good: CreateValues = { ...initialValues(facts, 'team-a'), name: 'web-01', password: 'correct horse' }

/** What is wrong, by field. */
function problems(more: Partial<CreateValues>, of = facts): Record<string, string> {
  const result = createSchema(of, (namespace, name) => namespace === 'team-a' && name === 'taken').safeParse({ ...good, ...more })
  return Object.fromEntries((result.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]))
}

describe('createSchema [F044]', () => {
  test('starts from what the template offers and needs a name and a password', () => {
    expect(initialValues(facts, 'team-a')).toMatchObject({
      cpus: 2,
      memoryGib: 4,
      diskGib: 20,
      user: 'ubuntu',
      login: 'password',
      start: true,
    })
    expect(problems({})).toEqual({})
    expect(problems({ name: '', password: '' })).toEqual({ name: 'A name is needed.', password: 'A password is needed.' })
  })

  test('says everything that is wrong at once', () => {
    expect(problems({ name: 'Web', cpus: 1.5, memoryGib: undefined, diskGib: 10, user: 'root' })).toEqual({
      name: 'Lower-case letters only.',
      cpus: 'Whole vCPUs only.',
      memoryGib: 'How many GiB?',
      diskGib: 'Its image alone takes 20 GiB.',
      user: 'Cloud images do not let root in.',
    })
  })

  test('knows the names that are taken, in their namespace', () => {
    expect(problems({ name: 'taken' })).toEqual({ name: 'taken exists already in team-a.' })
    expect(problems({ name: 'taken', namespace: 'team-b' })).toEqual({})
  })

  test('asks only for the login that was chosen', () => {
    expect(problems({ login: 'none', user: '', password: '' })).toEqual({})
    expect(problems({ login: 'sshKey', password: '', sshKey: '' })).toEqual({ sshKey: 'A public key is needed.' })
  })

  test('asks for no disk size where there is no disk to size', () => {
    expect(problems({ diskGib: undefined }, { ...facts, diskBytes: undefined })).toEqual({})
  })
})

test('answers become bytes of whole MiB, and one login', () => {
  expect(templateValues({ ...good, memoryGib: 1.5, diskGib: 40 })).toEqual({
    name: 'web-01',
    namespace: 'team-a',
    cpus: 2,
    memoryBytes: 1536 * 2 ** 20,
    diskBytes: 40 * GiB,
    start: true,
    login: { kind: 'password', user: 'ubuntu', password: 'correct horse' },
  })
  expect(templateValues({ ...good, login: 'sshKey', sshKey: ' key \n' }).login).toEqual({ kind: 'sshKey', user: 'ubuntu', key: 'key' })
})

describe('refusedFields', () => {
  const refusal = (more: Partial<Status>): Status => ({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code: 422,
    message: 'invalid',
    ...more,
  })
  const causes = (...fields: string[]) => refusal({ details: { causes: fields.map((field) => ({ field, message: `bad ${field}` })) } })

  test('puts each cause at the field that wrote it', () => {
    expect(
      refusedFields(
        causes(
          'metadata.name',
          'spec.template.spec.domain.memory.guest',
          'spec.template.spec.domain.cpu.cores',
          'spec.dataVolumeTemplates[0].spec.storage.resources',
        ),
        good,
      ).fields.map(({ field }) => field),
    ).toEqual(['name', 'memoryGib', 'cpus', 'diskGib'])
    expect(refusedFields(causes('metadata.name'), good).form).toBeUndefined()
  })

  test('says what belongs to no field above the button, in the cluster’s words', () => {
    expect(refusedFields(causes('spec.template.spec.volumes[0]'), good)).toEqual({ fields: [], form: 'invalid' })
    expect(refusedFields(refusal({ code: 403, message: 'exceeded quota: team-a' }), good)).toEqual({
      fields: [],
      form: 'exceeded quota: team-a',
    })
  })

  test('takes a name that is gone in the meantime to the name', () => {
    const exists = refusal({ code: 409, reason: 'AlreadyExists', details: { name: 'web-01', kind: 'virtualmachines' } })
    expect(refusedFields(exists, good)).toEqual({ fields: [{ field: 'name', message: 'web-01 exists already in team-a.' }] })
    expect(
      refusedFields(
        refusal({ code: 409, reason: 'AlreadyExists', message: 'secrets "x" already exists', details: { kind: 'secrets' } }),
        good,
      ).form,
    ).toBe('secrets "x" already exists')
  })
})

test('offers four sizes, the template’s own among them', () => {
  expect(sizesFor(facts).map(({ name }) => name)).toEqual(['Small', 'As the template', 'Large', 'Extra large'])
  expect(sizesFor({ ...facts, cpus: 3, memoryBytes: 6 * GiB }).map(({ name }) => name)).toEqual([
    'Small',
    'Medium',
    'As the template',
    'Large',
  ])
  expect(sizesFor({ ...facts, cpus: undefined })).toHaveLength(4)
})

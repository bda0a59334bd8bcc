// The form's answers: what they start as, what is wrong with them, what they become.
import type { Status } from '@virtdeck/k8s'
import {
  nameProblem,
  passwordProblem,
  sshKeyProblem,
  userNameProblem,
  type Login,
  type TemplateFacts,
  type TemplateValues,
} from '@virtdeck/kubevirt'
import { z } from 'zod'

// The page's policy forbids code made of text, which zod would otherwise try.
z.config({ jitless: true })

const GiB = 2 ** 30

export type LoginKind = Login['kind']

export type CreateValues = {
  name: string
  namespace: string
  cpus: number | undefined
  memoryGib: number | undefined
  /** Of the root disk; undefined where the template gives it none. */
  diskGib: number | undefined
  start: boolean
  login: LoginKind
  user: string
  password: string
  sshKey: string
}

export function initialValues(facts: TemplateFacts, namespace: string): CreateValues {
  return {
    name: '',
    namespace,
    cpus: facts.cpus,
    memoryGib: toGib(facts.memoryBytes),
    diskGib: toGib(facts.diskBytes),
    start: true,
    login: facts.login ? 'password' : 'none',
    user: facts.user,
    password: '',
    sshKey: '',
  }
}

/** To three digits, which is exact for whole MiB powers such as 512. */
function toGib(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.round((bytes / GiB) * 1000) / 1000
}

function toBytes(gib: number | undefined): number | undefined {
  // Whole MiB: quantities stay readable.
  return gib === undefined ? undefined : Math.round(gib * 1024) * 2 ** 20
}

const sentence = (problem: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = problem(text)
    if (message) context.addIssue({ code: 'custom', message })
  })

const anything = z.string()

/** What is wrong, field by field. `taken` tells whether a VM of that name is there already, as far as one sees. */
export function createSchema(
  facts: TemplateFacts,
  taken: (namespace: string, name: string) => boolean,
): z.ZodType<CreateValues, CreateValues> {
  const smallest = facts.origin?.kind === 'clone' ? facts.diskBytes : undefined
  const answers = z
    .object({
      name: sentence(nameProblem),
      namespace: z.string().min(1, 'A namespace is needed.'),
      cpus: number('vCPUs').int('Whole vCPUs only.').min(1, 'At least 1 vCPU.').max(512, 'At most 512 vCPUs.'),
      memoryGib: number('GiB').min(0.064, 'At least 0.064 GiB.').max(16_384, 'At most 16,384 GiB.'),
      diskGib:
        facts.diskBytes === undefined
          ? z.undefined()
          : number('GiB')
              .min(
                toGib(smallest) ?? 0.001,
                smallest === undefined ? 'More than nothing.' : `Its image alone takes ${toGib(smallest)} GiB.`,
              )
              .max(65_536, 'At most 65,536 GiB.'),
      start: z.boolean(),
    })
    .superRefine(({ namespace, name }, context) => {
      if (taken(namespace, name)) context.addIssue({ code: 'custom', path: ['name'], message: `${name} exists already in ${namespace}.` })
    })
  // Beside each other, so that what is wrong in one half does not hide what is wrong in the other.
  const schema = z.intersection(
    answers,
    z.discriminatedUnion('login', [
      z.object({ login: z.literal('none'), user: anything, password: anything, sshKey: anything }),
      z.object({ login: z.literal('password'), user: sentence(userNameProblem), password: sentence(passwordProblem), sshKey: anything }),
      z.object({ login: z.literal('sshKey'), user: sentence(userNameProblem), password: anything, sshKey: sentence(sshKeyProblem) }),
    ]),
  )
  // A form may hold less than the schema takes: a number field can be empty.
  return schema as z.ZodType<CreateValues> as z.ZodType<CreateValues, CreateValues>
}

function number(unit: string) {
  return z.number({ error: `How many ${unit}?` })
}

export function templateValues(values: CreateValues): TemplateValues {
  const { name, namespace, cpus, memoryGib, diskGib, start } = values
  return { name, namespace, cpus, memoryBytes: toBytes(memoryGib), diskBytes: toBytes(diskGib), start, login: loginOf(values) }
}

function loginOf({ login, user, password, sshKey }: CreateValues): Login {
  if (login === 'password') return { kind: 'password', user, password }
  if (login === 'sshKey') return { kind: 'sshKey', user, key: sshKey.trim() }
  return { kind: 'none' }
}

type FieldError = { field: keyof CreateValues; message: string }

/** Which field a refusal is about; what concerns none of them is for the whole form. */
export function refusedFields(
  status: Status,
  { name, namespace }: Pick<CreateValues, 'name' | 'namespace'>,
): { fields: FieldError[]; form?: string } {
  if (status.reason === 'AlreadyExists' && status.details?.kind !== 'secrets')
    return { fields: [{ field: 'name', message: `${name} exists already in ${namespace}.` }] }
  if (status.code === 404 && status.details?.kind === 'namespaces')
    return { fields: [{ field: 'namespace', message: `There is no namespace ${namespace}.` }] }
  const found = (status.details?.causes ?? []).map(({ field = '', message = '' }) => ({ field: fieldOf(field), message }))
  const fields = found.filter((item): item is FieldError => item.field !== undefined && item.message !== '')
  const all = found.length > 0 && fields.length === found.length
  return { fields, ...(!all && { form: status.message ?? status.reason ?? `HTTP ${status.code}` }) }
}

/** The paths of the VirtualMachine that each field writes. */
const fieldPaths: readonly [RegExp, keyof CreateValues][] = [
  [/^metadata\.name$/, 'name'],
  [/^metadata\.namespace$/, 'namespace'],
  [/\.dataVolumeTemplates\b.*\b(storage|pvc)\b/, 'diskGib'],
  [/\.domain\.memory\b|\.resources\.\w+\.memory$/, 'memoryGib'],
  [/\.domain\.cpu\b|\.resources\.\w+\.cpu$/, 'cpus'],
]

function fieldOf(path: string): keyof CreateValues | undefined {
  return fieldPaths.find(([pattern]) => pattern.test(path))?.[1]
}

export type Size = { name: string; cpus: number; memoryGib: number }

const commonSizes: readonly Size[] = [
  { name: 'Small', cpus: 1, memoryGib: 2 },
  { name: 'Medium', cpus: 2, memoryGib: 4 },
  { name: 'Large', cpus: 4, memoryGib: 8 },
  { name: 'Extra large', cpus: 8, memoryGib: 16 },
]

/** Four sizes to pick from, the template's own among them. */
export function sizesFor({ cpus, memoryBytes }: TemplateFacts): Size[] {
  const memoryGib = toGib(memoryBytes)
  if (cpus === undefined || memoryGib === undefined) return [...commonSizes]
  const own: Size = { name: 'As the template', cpus, memoryGib }
  const others = commonSizes.filter((size) => !sameSize(size, own))
  const chosen = others.length === commonSizes.length ? others.slice(0, 3) : others
  return [...chosen, own].toSorted((a, b) => a.memoryGib - b.memoryGib || a.cpus - b.cpus)
}

export function sameSize(a: { cpus: number | undefined; memoryGib: number | undefined }, b: Size): boolean {
  return a.cpus === b.cpus && a.memoryGib === b.memoryGib
}

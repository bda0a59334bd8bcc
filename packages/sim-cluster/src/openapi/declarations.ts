// Reads the interfaces of a generated .d.ts bundle as schemas: field names, types, what is required, and the prose.
import type { Schema } from './schema.ts'

type Node = { type: string; start: number; end: number; [key: string]: unknown }
type Comment = { type: string; value: string; start: number; end: number }
type Parse = (fileName: string, source: string, options: { lang: 'dts' }) => { program: { body: unknown[] }; comments: unknown[] }

export type Declarations = {
  names: readonly string[]
  /** The interface of that name, or undefined. References are left as they are named in the bundle. */
  read(name: string): Schema | undefined
}

/** What openapi-generator leads into a property's name where TypeScript would not have it. */
function fieldName(written: string): string {
  if (written.startsWith('xKubernetes')) return written.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return written.startsWith('_') ? written.slice(1) : written
}

/** The prose of a doc comment, its tags left out. */
function prose(comment: string): string {
  const [text = ''] = comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .split(/^@/m)
  return text.trim().replaceAll(String.raw`\"`, '"')
}

const node = (value: unknown) => value as Node

/** Parses a bundle; `parse` is oxc's parser, as Vite exports it. */
export function readDeclarations(source: string, parse: Parse): Declarations {
  const { program, comments } = parse('index.d.ts', source, { lang: 'dts' })
  const interfaces = new Map<string, Node>()
  const enums = new Map<string, string[]>()
  const commentBefore = new Map<number, string>()
  for (const { value, end } of comments as Comment[]) {
    const gap = /^\s*/.exec(source.slice(end, end + 200))?.[0].length ?? 0
    commentBefore.set(end + gap, prose(value))
  }
  for (const statement of program.body.map(node)) {
    if (statement.type === 'TSInterfaceDeclaration') interfaces.set(identifier(statement.id), statement)
    else if (statement.type === 'VariableDeclaration') readEnum(statement)
    else if (statement.type === 'TSEnumDeclaration') {
      const members = node(statement.body).members as Node[]
      enums.set(
        identifier(statement.id),
        members.map((member) => literal(member.initializer)),
      )
    }
  }

  function readEnum(statement: Node): void {
    for (const declarator of statement.declarations as Node[]) {
      const annotation = node(declarator.id).typeAnnotation as Node | undefined
      const type = annotation && node(annotation.typeAnnotation)
      if (type?.type !== 'TSTypeLiteral') continue
      const values = (type.members as Node[]).flatMap((member) => {
        const value = node(node(member.typeAnnotation)?.typeAnnotation)
        return value?.type === 'TSLiteralType' ? [literal(value.literal)] : []
      })
      if (values.length > 0) enums.set(identifier(declarator.id), values)
    }
  }

  function typeOf(type: Node): Schema {
    switch (type.type) {
      case 'TSStringKeyword':
        return { type: 'string' }
      case 'TSNumberKeyword':
        return { type: 'integer' }
      case 'TSBooleanKeyword':
        return { type: 'boolean' }
      case 'TSArrayType':
        return { type: 'array', items: typeOf(node(type.elementType)) }
      case 'TSTypeLiteral': {
        const [index] = type.members as Node[]
        return { type: 'object', additionalProperties: typeOf(node(node(index?.typeAnnotation).typeAnnotation)) }
      }
      case 'TSTypeReference': {
        const name = identifier(type.typeName)
        const [argument] = ((type.typeArguments as Node | undefined)?.params ?? []) as Node[]
        if (argument && (name === 'Array' || name === 'Set')) return { type: 'array', items: typeOf(argument) }
        if (name === 'Date') return { type: 'string', format: 'date-time' }
        const values = enums.get(name)
        return values ? { type: 'string', enum: values } : { $ref: name }
      }
      case 'TSObjectKeyword':
      case 'TSAnyKeyword':
      case 'TSUnknownKeyword':
        return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
      default:
        throw new Error(`a type that is not understood: ${source.slice(type.start, type.end)}`)
    }
  }

  return {
    names: [...interfaces.keys()],
    read(name) {
      const declaration = interfaces.get(name)
      if (!declaration) return undefined
      const properties: Record<string, Schema> = {}
      const required: string[] = []
      for (const member of node(declaration.body).body as Node[]) {
        const field = fieldName(node(member.key).type === 'Literal' ? literal(member.key) : identifier(member.key))
        const description = commentBefore.get(member.start)
        properties[field] = { ...(description ? { description } : {}), ...typeOf(node(node(member.typeAnnotation).typeAnnotation)) }
        if (member.optional !== true) required.push(field)
      }
      const description = commentBefore.get(declaration.start)
      return {
        ...(description ? { description } : {}),
        type: 'object',
        properties,
        ...(required.length > 0 ? { required } : {}),
      }
    },
  }
}

const identifier = (value: unknown) => node(value).name as string
const literal = (value: unknown) => String(node(value).value)

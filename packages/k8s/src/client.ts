// A Kubernetes client over fetch: typed by the resource descriptors, throwing StatusError.
import { collectionPath, objectPath, type Resource } from './resources.ts'
import { failure, StatusError, statusOfResponse, toStatus } from './status.ts'
import type { KubeList, ObjectMeta, ObjectRef } from './types.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export type ClientConfig = {
  /** What paths are appended to: `/k8s`, or `https://127.0.0.1:6443`. */
  baseUrl: string
  fetch: Fetch
  /** Sent with every request; a function where they change (a CSRF token). */
  headers?: Record<string, string> | (() => Record<string, string>)
}

/** A request as data: what verbs are built as. */
export type ApiRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query on the API server. */
  path: string
  body?: unknown
  contentType?: string
}

export type PatchType = 'merge' | 'json' | 'apply'

export const patchContentTypes: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  // JSON is YAML: the body is JSON all the same.
  apply: 'application/apply-patch+yaml',
}

type Signal = { signal?: AbortSignal }
type DryRun = { dryRun?: boolean }
type FieldValidation = { fieldValidation?: 'Strict' | 'Warn' | 'Ignore' }

export type ListOptions = Signal & {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
}

export type DeleteOptions = Signal &
  DryRun & {
    /** Deletes only the object that had this uid: not one that has since taken its name. */
    uid?: string
    propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
    gracePeriodSeconds?: number
  }

/** An object as one may send it: what the server fills in may be missing. */
type Sent<T> = Partial<Omit<T, 'metadata'>> & { metadata: ObjectMeta }

export type Client = ReturnType<typeof createClient>

export function createClient({ baseUrl, fetch, headers }: ClientConfig) {
  async function send(request: ApiRequest, { signal }: Signal = {}): Promise<unknown> {
    const { method, path, body, contentType = 'application/json' } = request
    const response = await reach(() =>
      fetch(baseUrl + path, {
        method,
        headers: {
          accept: acceptFor(path),
          ...(body !== undefined && { 'content-type': contentType }),
          ...(typeof headers === 'function' ? headers() : headers),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }),
    )
    const text = await reach(() => response.text())
    if (!response.ok) throw new StatusError(statusOfResponse(response.status, text))
    // Verbs of subresources.kubevirt.io answer 200 or 202 and nothing else.
    if (text === '') return undefined
    if (!(response.headers.get('content-type') ?? '').includes('json')) return text
    return parseJson(text)
  }

  /** `T` is what the path is known to answer; nothing checks it. */
  function request<T = unknown>(
    method: ApiRequest['method'],
    path: string,
    body?: unknown,
    options: Signal & { contentType?: string } = {},
  ): Promise<T> {
    const { signal, contentType } = options
    return send({ method, path, body, ...(contentType && { contentType }) }, signal ? { signal } : {}) as Promise<T>
  }

  return {
    send,
    request,

    get<T>(resource: Resource<T>, ref: ObjectRef, options: Signal = {}): Promise<T> {
      return request<T>('GET', objectPath(resource, ref), undefined, options)
    },

    list<T>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
      const { namespace, signal, ...query } = options
      return request<KubeList<T>>('GET', collectionPath(resource, namespace) + queryString(query), undefined, signal ? { signal } : {})
    },

    create<T>(
      resource: Resource<T>,
      object: Sent<T>,
      options: Signal & DryRun & FieldValidation & { namespace?: string } = {},
    ): Promise<T> {
      const { namespace = object.metadata.namespace, dryRun, fieldValidation, signal } = options
      const query = queryString({ dryRun: dryRun ? 'All' : undefined, fieldValidation })
      return request<T>('POST', collectionPath(resource, namespace) + query, typed(resource, object), signal ? { signal } : {})
    },

    /** Fails with a conflict where the object has changed since it was read (its resourceVersion). */
    replace<T>(resource: Resource<T>, object: Sent<T>, options: Signal & DryRun & FieldValidation = {}): Promise<T> {
      const { dryRun, fieldValidation, signal } = options
      const { name = '', namespace } = object.metadata
      const query = queryString({ dryRun: dryRun ? 'All' : undefined, fieldValidation })
      return request<T>('PUT', objectPath(resource, ref(name, namespace)) + query, typed(resource, object), signal ? { signal } : {})
    },

    patch<T>(
      resource: Resource<T>,
      ref: ObjectRef,
      patch: unknown,
      options: Signal & DryRun & FieldValidation & { type: PatchType; subresource?: string; fieldManager?: string; force?: boolean },
    ): Promise<T> {
      const { type, subresource, dryRun, fieldValidation, fieldManager, force, signal } = options
      const query = queryString({ dryRun: dryRun ? 'All' : undefined, fieldValidation, fieldManager, force: force || undefined })
      return request<T>('PATCH', objectPath(resource, ref, subresource) + query, patch, {
        contentType: patchContentTypes[type],
        ...(signal && { signal }),
      })
    },

    async delete<T>(resource: Resource<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
      const { signal, ...rest } = options
      await request('DELETE', objectPath(resource, ref), deleteOptions(rest), signal ? { signal } : {})
    },
  }
}

/** The body of a DELETE. */
export function deleteOptions({ uid, propagationPolicy, gracePeriodSeconds, dryRun }: Omit<DeleteOptions, 'signal'> = {}): Record<
  string,
  unknown
> {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(uid && { preconditions: { uid } }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(dryRun && { dryRun: ['All'] }),
  }
}

function ref(name: string, namespace: string | undefined): ObjectRef {
  return namespace ? { namespace, name } : { name }
}

/** virt-api answers 406 to its verbs where only JSON is accepted: they answer nothing. */
function acceptFor(path: string): string {
  return path.startsWith('/apis/subresources.kubevirt.io/') ? '*/*' : 'application/json'
}

function typed<T>(resource: Resource<T>, object: Sent<T>): unknown {
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version
  return { apiVersion, kind: resource.kind, ...object }
}

function queryString(parameters: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== '') query.set(name, String(value))
  const text = query.toString()
  return text && `?${text}`
}

/** A request that reached nobody fails as a Status, too; one that its caller aborted stays an AbortError. */
async function reach<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error
    throw new StatusError(
      error instanceof Error && error.name === 'TimeoutError' ? toStatus(error) : failure(503, 'The server cannot be reached.'),
      { cause: error },
    )
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StatusError(failure(500, 'The API server answered something that is not JSON.'), { cause })
  }
}

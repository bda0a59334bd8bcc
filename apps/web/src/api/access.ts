// What the signed-in user may do, as the API server says: one review of a namespace's rules, kept for a minute, and a
// review of the single question where the rules are not the whole truth. It explains buttons; the API server decides.
import { useSyncExternalStore } from 'react'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { accessReview, collectionPath, deniedReason, rulesAllow, rulesReview } from '@virtdeck/k8s'
import type { AccessQuestion, SelfSubjectAccessReview, SelfSubjectRulesReview } from '@virtdeck/k8s'
import type { Session } from '@virtdeck/server/protocol'
import { k8s, sessionKey } from './client.ts'
import { queryClient } from './query-client.ts'

export type AccessAnswer =
  /** `unsure` where the cluster did not answer: the button stays, and pressing it says what is the matter. */
  | { allowed: true; unsure?: true; pending?: undefined }
  | { allowed: false; reason: string; pending?: undefined }
  | { pending: true; allowed?: undefined }

const FRESH_MS = 60_000

const reviews = { group: 'authorization.k8s.io', version: 'v1', namespaced: false }
const rulesReviewPath = collectionPath({ ...reviews, plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' })
const accessReviewPath = collectionPath({ ...reviews, plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' })

/** The rules of one namespace. */
export const rulesQuery = (namespace: string) =>
  queryOptions({
    queryKey: ['rules-review', namespace],
    queryFn: ({ signal }) => k8s.request<SelfSubjectRulesReview>('POST', rulesReviewPath, rulesReview(namespace), { signal }),
    staleTime: FRESH_MS,
    // Rights cannot be watched: whoever looks at what they allow is told of a change within a minute.
    refetchInterval: FRESH_MS,
  })

/** Whether the cluster could list all rules of a namespace; where not, it is asked about each right by itself. */
export function useRules(namespace: string): { incomplete: boolean } {
  const { data } = useQuery(rulesQuery(namespace))
  return { incomplete: data?.status?.incomplete === true }
}

/** Answers questions about a namespace, or without one about the cluster's own resources. */
export function useAccess(namespace?: string): (question: Omit<AccessQuestion, 'namespace'>) => AccessAnswer {
  const rules = useQuery({ ...rulesQuery(namespace ?? ''), enabled: namespace !== undefined })
  useSyncExternalStore(subscribeToReviews, reviewsVersion)
  return (question) => {
    const asked = { ...question, ...(namespace !== undefined && { namespace }) }
    if (namespace === undefined) return ask(asked)
    // Where the review itself fails, the button stays: the API server says what is the matter when it is pressed.
    if (rules.isError) return { allowed: true, unsure: true }
    const status = rules.data?.status
    if (!status) return { pending: true }
    if (rulesAllow(status, asked)) return { allowed: true }
    return status.incomplete ? askBroadly(asked) : denied(asked)
  }
}

/** Whoever may do it to all objects may do it to this one: only where that is refused the one is asked about. */
function askBroadly(question: AccessQuestion): AccessAnswer {
  const { name, ...broad } = question
  const answer = ask(broad)
  return answer.allowed === false && name !== undefined ? ask(question) : answer
}

/** The one question, put to the API server if it has not been within the last minute. */
function ask(question: AccessQuestion): AccessAnswer {
  // Nobody to ask for: the page is about to give way to the sign-in page.
  if (queryClient.getQueryData<Session>(sessionKey)?.user === undefined) return { pending: true }
  const queryKey = ['access-review', question]
  const known = queryClient.getQueryState<boolean>(queryKey)
  const fresh = known?.data !== undefined && Date.now() - known.dataUpdatedAt < FRESH_MS
  // Rendering asks; the request begins after it.
  if (!fresh && known?.fetchStatus !== 'fetching' && known?.status !== 'error')
    queueMicrotask(() => void queryClient.prefetchQuery({ queryKey, queryFn: () => review(question), staleTime: FRESH_MS }))
  if (known?.status === 'error') return { allowed: true, unsure: true }
  if (known?.data === undefined) return { pending: true }
  return known.data ? { allowed: true } : denied(question)
}

async function review(question: AccessQuestion): Promise<boolean> {
  return (await askOnce(question)).allowed
}

/** The cluster's answer as it is now, with its reason where it has one. Throws a StatusError. */
export async function askOnce(question: AccessQuestion): Promise<{ allowed: boolean; reason?: string }> {
  const { status } = await k8s.request<SelfSubjectAccessReview>('POST', accessReviewPath, accessReview(question))
  const reason = [status?.reason, status?.evaluationError].filter(Boolean).join(' ')
  return { allowed: status?.allowed === true, ...(reason && { reason }) }
}

function denied(question: AccessQuestion): AccessAnswer {
  return { allowed: false, reason: whyDenied(question) }
}

/** The questions behind the reasons that were shown, so that a reason leads to what would grant the right. */
const questions = new Map<string, AccessQuestion>()

/** Why something is disabled; `deniedQuestion` knows by it what was asked. */
export function whyDenied(question: AccessQuestion): string {
  const reason = deniedReason(question)
  questions.set(reason, question)
  return reason
}

/** The right that a reason, or the sentence with which it begins, says is missing. */
export function deniedQuestion(reason: string): AccessQuestion | undefined {
  const known = questions.get(reason)
  if (known) return known
  return [...questions].find(([sentence]) => reason.startsWith(sentence))?.[1]
}

let answered = 0
const reviewsVersion = () => answered
const listeners = new Set<() => void>()
let aging: ReturnType<typeof setTimeout> | undefined
let stopHearing: (() => void) | undefined

/** Told of answers, and when they are a minute old: rendering again asks again. */
function subscribeToReviews(listener: () => void): () => void {
  stopHearing ??= queryClient.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'updated' && query.queryKey[0] === 'access-review') changed()
  })
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearTimeout(aging)
    stopHearing?.()
    stopHearing = undefined
  }
}

function changed() {
  answered++
  clearTimeout(aging)
  aging = setTimeout(changed, FRESH_MS)
  for (const listener of listeners) listener()
}

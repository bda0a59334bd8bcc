// One question about many namespaces: where may I create a VM?
import { useQueries } from '@tanstack/react-query'
import { rulesAllow } from '@virtdeck/k8s'
import type { AccessQuestion, SelfSubjectRulesReview } from '@virtdeck/k8s'
import { rulesQuery, useAccess } from './access.ts'

/** One review per namespace: more than these are not asked, and the API server answers when something is tried. */
const MOST_REVIEWS = 50

type AccessIn = { pending: boolean; allowed: (namespace: string) => boolean }

/** Asked for the whole cluster first, and only where that is refused for each namespace. */
export function useAccessIn(namespaces: readonly string[], question: Omit<AccessQuestion, 'namespace'>): AccessIn {
  const everywhere = useAccess()(question)
  const asked = everywhere.allowed === false ? namespaces.slice(0, MOST_REVIEWS) : []
  const reviews = useQueries({ queries: asked.map((namespace) => rulesQuery(namespace)) })
  const refused = new Set(
    asked.filter((namespace, index) => {
      const status = reviews[index]?.data?.status
      return status && rulesRefuse(status, { ...question, namespace })
    }),
  )
  return {
    pending: everywhere.pending === true || reviews.some(({ isPending }) => isPending),
    allowed: (namespace) => !refused.has(namespace),
  }
}

/** Whether rules say that something is not allowed: a list that is incomplete (of a webhook, say) can only say that it is. */
export function rulesRefuse(rules: NonNullable<SelfSubjectRulesReview['status']>, question: AccessQuestion): boolean {
  return !rules.incomplete && !rulesAllow(rules, question)
}

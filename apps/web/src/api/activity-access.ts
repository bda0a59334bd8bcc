import type { AccessQuestion } from '@virtdeck/k8s'

/** Who may see what people did: asked across the cluster, of a resource that RBAC knows and no API server has. */
export const listActivities: AccessQuestion = { verb: 'list', group: 'virtdeck.io', resource: 'activities' }

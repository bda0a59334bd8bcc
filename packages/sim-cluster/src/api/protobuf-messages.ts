// Which fields the protobuf messages of built-in kinds have, by number.
// https://github.com/kubernetes/api/blob/v0.32.0/core/v1/generated.proto and its siblings.

export type Scalar = 'string' | 'bytes' | 'int' | 'bool' | 'time' | 'quantity' | 'intOrString'
export type Field = { name: string; type: Scalar | Message; repeated?: boolean; map?: boolean }
export type Message = { [fieldNumber: number]: Field }

export const one = (name: string, type: Field['type'] = 'string'): Field => ({ name, type })
const many = (name: string, type: Field['type'] = 'string'): Field => ({ name, type, repeated: true })
const mapOf = (name: string, type: Scalar = 'string'): Field => ({ name, type, map: true })

const ownerReference: Message = {
  1: one('kind'),
  3: one('name'),
  4: one('uid'),
  5: one('apiVersion'),
  6: one('controller', 'bool'),
  7: one('blockOwnerDeletion', 'bool'),
}
const metadata: Message = {
  1: one('name'),
  2: one('generateName'),
  3: one('namespace'),
  5: one('uid'),
  6: one('resourceVersion'),
  7: one('generation', 'int'),
  8: one('creationTimestamp', 'time'),
  9: one('deletionTimestamp', 'time'),
  10: one('deletionGracePeriodSeconds', 'int'),
  11: mapOf('labels'),
  12: mapOf('annotations'),
  13: many('ownerReferences', ownerReference),
  14: many('finalizers'),
}
const meta = one('metadata', metadata)
const localReference: Message = { 1: one('name') }
const objectReference: Message = { 1: one('kind'), 2: one('namespace'), 3: one('name'), 4: one('uid'), 5: one('apiVersion') }
const deleteOptions: Message = {
  1: one('gracePeriodSeconds', 'int'),
  2: one('preconditions', { 1: one('uid'), 2: one('resourceVersion') }),
  3: one('orphanDependents', 'bool'),
  4: one('propagationPolicy'),
  5: many('dryRun'),
}
const policyRule: Message = {
  1: many('verbs'),
  2: many('apiGroups'),
  3: many('resources'),
  4: many('resourceNames'),
  5: many('nonResourceURLs'),
}
const subject: Message = { 1: one('kind'), 2: one('apiGroup'), 3: one('name'), 4: one('namespace') }
const roleRef: Message = { 1: one('apiGroup'), 2: one('kind'), 3: one('name') }
const binding: Message = { 1: meta, 2: many('subjects', subject), 3: one('roleRef', roleRef) }
const labelSelector: Message = {
  1: mapOf('matchLabels'),
  2: many('matchExpressions', { 1: one('key'), 2: one('operator'), 3: many('values') }),
}
const resourceAttributes: Message = {
  1: one('namespace'),
  2: one('verb'),
  3: one('group'),
  4: one('version'),
  5: one('resource'),
  6: one('subresource'),
  7: one('name'),
}
const nonResourceAttributes: Message = { 1: one('path'), 2: one('verb') }
const ownQuestion: Message = { 1: one('resourceAttributes', resourceAttributes), 2: one('nonResourceAttributes', nonResourceAttributes) }
const question: Message = { ...ownQuestion, 3: one('user'), 4: many('groups'), 6: one('uid') }
const withSpec = (spec: Message): Message => ({ 1: meta, 2: one('spec', spec) })

const container: Message = {
  1: one('name'),
  2: one('image'),
  3: many('command'),
  4: many('args'),
  5: one('workingDir'),
  6: many('ports', { 1: one('name'), 2: one('hostPort', 'int'), 3: one('containerPort', 'int'), 4: one('protocol'), 5: one('hostIP') }),
  7: many('env', { 1: one('name'), 2: one('value') }),
  8: one('resources', { 1: mapOf('limits', 'quantity'), 2: mapOf('requests', 'quantity') }),
  9: many('volumeMounts', { 1: one('name'), 2: one('readOnly', 'bool'), 3: one('mountPath'), 4: one('subPath') }),
  13: one('terminationMessagePath'),
  14: one('imagePullPolicy'),
  16: one('stdin', 'bool'),
  17: one('stdinOnce', 'bool'),
  18: one('tty', 'bool'),
}
/** What `kubectl create` writes of pods; volumes and affinity come in manifests, which kubectl sends as JSON. */
const podSpec: Message = {
  2: many('containers', container),
  3: one('restartPolicy'),
  4: one('terminationGracePeriodSeconds', 'int'),
  5: one('activeDeadlineSeconds', 'int'),
  6: one('dnsPolicy'),
  7: mapOf('nodeSelector'),
  8: one('serviceAccountName'),
  10: one('nodeName'),
  19: one('schedulerName'),
  20: many('initContainers', container),
}
const podTemplate: Message = { 1: meta, 2: one('spec', podSpec) }
const jobSpec: Message = {
  1: one('parallelism', 'int'),
  2: one('completions', 'int'),
  3: one('activeDeadlineSeconds', 'int'),
  4: one('selector', labelSelector),
  5: one('manualSelector', 'bool'),
  6: one('template', podTemplate),
  7: one('backoffLimit', 'int'),
  8: one('ttlSecondsAfterFinished', 'int'),
}
const ingressBackend: Message = {
  4: one('service', { 1: one('name'), 2: one('port', { 1: one('name'), 2: one('number', 'int') }) }),
}

/** The messages that kubectl's typed clients send, by apiVersion and kind. */
export const messages: Record<string, Message> = {
  'v1/Namespace': { ...withSpec({ 1: many('finalizers') }) },
  'v1/ConfigMap': { 1: meta, 2: mapOf('data'), 3: mapOf('binaryData', 'bytes'), 4: one('immutable', 'bool') },
  'v1/Secret': { 1: meta, 2: mapOf('data', 'bytes'), 3: one('type'), 4: mapOf('stringData'), 5: one('immutable', 'bool') },
  'v1/ServiceAccount': {
    1: meta,
    2: many('secrets', objectReference),
    3: many('imagePullSecrets', localReference),
    4: one('automountServiceAccountToken', 'bool'),
  },
  'v1/ResourceQuota': withSpec({ 1: mapOf('hard', 'quantity'), 2: many('scopes') }),
  'v1/Pod': withSpec(podSpec),
  'v1/Service': withSpec({
    1: many('ports', {
      1: one('name'),
      2: one('protocol'),
      3: one('port', 'int'),
      4: one('targetPort', 'intOrString'),
      5: one('nodePort', 'int'),
      6: one('appProtocol'),
    }),
    2: mapOf('selector'),
    3: one('clusterIP'),
    4: one('type'),
    5: many('externalIPs'),
    7: one('sessionAffinity'),
    8: one('loadBalancerIP'),
    10: one('externalName'),
  }),
  'apps/v1/Deployment': withSpec({
    1: one('replicas', 'int'),
    2: one('selector', labelSelector),
    3: one('template', podTemplate),
    4: one('strategy', {
      1: one('type'),
      2: one('rollingUpdate', { 1: one('maxUnavailable', 'intOrString'), 2: one('maxSurge', 'intOrString') }),
    }),
    5: one('minReadySeconds', 'int'),
    6: one('revisionHistoryLimit', 'int'),
    7: one('paused', 'bool'),
    9: one('progressDeadlineSeconds', 'int'),
  }),
  'batch/v1/Job': withSpec(jobSpec),
  'batch/v1/CronJob': withSpec({
    1: one('schedule'),
    2: one('startingDeadlineSeconds', 'int'),
    3: one('concurrencyPolicy'),
    4: one('suspend', 'bool'),
    5: one('jobTemplate', { 1: meta, 2: one('spec', jobSpec) }),
    6: one('successfulJobsHistoryLimit', 'int'),
    7: one('failedJobsHistoryLimit', 'int'),
    8: one('timeZone'),
  }),
  'networking.k8s.io/v1/Ingress': withSpec({
    1: one('defaultBackend', ingressBackend),
    2: many('tls', { 1: many('hosts'), 2: one('secretName') }),
    3: many('rules', {
      1: one('host'),
      // An IngressRuleValue, whose one field stands in the rule itself in JSON.
      2: one('', { 1: one('http', { 1: many('paths', { 1: one('path'), 2: one('backend', ingressBackend), 3: one('pathType') }) }) }),
    }),
    4: one('ingressClassName'),
  }),
  'v1/DeleteOptions': deleteOptions,
  'policy/v1/PodDisruptionBudget': withSpec({
    1: one('minAvailable', 'intOrString'),
    2: one('selector', labelSelector),
    3: one('maxUnavailable', 'intOrString'),
    4: one('unhealthyPodEvictionPolicy'),
  }),
  'policy/v1/Eviction': { 1: meta, 2: one('deleteOptions', deleteOptions) },
  'scheduling.k8s.io/v1/PriorityClass': {
    1: meta,
    2: one('value', 'int'),
    3: one('globalDefault', 'bool'),
    4: one('description'),
    5: one('preemptionPolicy'),
  },
  'rbac.authorization.k8s.io/v1/Role': { 1: meta, 2: many('rules', policyRule) },
  'rbac.authorization.k8s.io/v1/ClusterRole': {
    1: meta,
    2: many('rules', policyRule),
    3: one('aggregationRule', { 1: many('clusterRoleSelectors', labelSelector) }),
  },
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'authorization.k8s.io/v1/SelfSubjectAccessReview': withSpec(ownQuestion),
  'authorization.k8s.io/v1/SelfSubjectRulesReview': withSpec({ 1: one('namespace') }),
  'authorization.k8s.io/v1/SubjectAccessReview': withSpec(question),
  'authorization.k8s.io/v1/LocalSubjectAccessReview': withSpec(question),
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: meta },
  'authentication.k8s.io/v1/TokenRequest': withSpec({
    1: many('audiences'),
    3: one('boundObjectRef', { 1: one('kind'), 2: one('apiVersion'), 3: one('name'), 4: one('uid') }),
    4: one('expirationSeconds', 'int'),
  }),
  'authentication.k8s.io/v1/TokenReview': withSpec({ 1: one('token'), 2: many('audiences') }),
}

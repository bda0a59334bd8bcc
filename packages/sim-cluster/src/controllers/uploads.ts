// Claims that wait for an upload: a server for each, until something was uploaded.
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/controller/upload-controller.go
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { keyOf, pvcs, splitKey } from './objects.ts'

/** On a claim that is to be uploaded into. */
export const uploadTarget = 'cdi.kubevirt.io/storage.upload.target'
export const podPhase = 'cdi.kubevirt.io/storage.pod.phase'
export const podReady = 'cdi.kubevirt.io/storage.pod.ready'
/** Set by the upload server when all of an image has come. */
export const uploaded = 'simulation.virtdeck.io/uploaded'
const uploadPodName = 'cdi.kubevirt.io/storage.uploadPodName'

export function uploadController({ objects, waits }: ControllerContext): Controller {
  return {
    name: 'uploads',
    keysOf: ({ resource, object, type }) =>
      resource.plural === 'persistentvolumeclaims' && type !== 'DELETED' && object.metadata.annotations?.[uploadTarget] !== undefined
        ? [keyOf(object)]
        : [],
    reconcile(key, reconcile) {
      const pvc = objects.get(pvcs, ...splitKey(key))
      const annotations = pvc?.metadata.annotations
      if (!pvc || !annotations || pvc.metadata.deletionTimestamp || pvc.status?.phase !== 'Bound') return
      const annotate = (change: Record<string, string>) => objects.setMetadata(pvcs, pvc, { annotations: { ...annotations, ...change } })
      switch (annotations[podPhase]) {
        case undefined:
          annotate({ [podPhase]: 'Pending', [podReady]: 'false', [uploadPodName]: `cdi-upload-${pvc.metadata.name}` })
          return
        case 'Pending':
          if (waits.passed(`upload server ${pvc.metadata.uid}`, delays.startImporter, reconcile)) {
            annotate({ [podPhase]: 'Running', [podReady]: 'true' })
          }
          return
        case 'Running': {
          if (annotations[uploaded] === undefined) return
          if (!waits.passed(`uploaded ${pvc.metadata.uid}`, delays.processUpload, reconcile)) return
          const { [uploaded]: _, ...rest } = annotations
          objects.setMetadata(pvcs, pvc, {
            annotations: {
              ...rest,
              'cdi.kubevirt.io/storage.condition.running': 'false',
              'cdi.kubevirt.io/storage.condition.running.message': 'Upload Complete',
              'cdi.kubevirt.io/storage.condition.running.reason': 'Completed',
              [podPhase]: 'Succeeded',
              [podReady]: 'false',
            },
          })
          return
        }
        default:
      }
    },
  }
}

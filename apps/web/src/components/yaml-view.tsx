import { lazy, Suspense } from 'react'
import { SkeletonLines } from '../ui/skeleton.tsx'
import type { YamlEditorProps } from './yaml-editor.tsx'

const YamlEditor = lazy(() => import('./yaml-editor.tsx'))

/** Text with line numbers, folding and search. The editor comes when it is first needed. */
export function YamlView(props: YamlEditorProps) {
  return (
    <Suspense fallback={<SkeletonLines label="Loading the editor" widths={[180, 260, 220, 300, 240, 200]} />}>
      <YamlEditor {...props} />
    </Suspense>
  )
}

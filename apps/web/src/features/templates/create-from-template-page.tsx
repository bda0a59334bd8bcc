// Placeholder until this page is built.
export function CreateFromTemplatePage() {
  return null
}

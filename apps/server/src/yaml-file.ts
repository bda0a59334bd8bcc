// Files of whoever runs the server, which are YAML: the configuration and the kubeconfig. Nothing that comes over the network gets here.
// eslint-disable-next-line no-restricted-imports -- see above
import { parse } from 'yaml'

/** What the text says. Throws an Error for what is no YAML, or grows by aliases. */
export const parseYaml = (text: string): unknown => parse(text, { maxAliasCount: 0 })

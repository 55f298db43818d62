import { type Fixed, parseDecimal } from '../../../src/core/values/money.ts';

/** A model that counts tokens; dollars a million. */
export interface TokenModel {
  readonly id: string;
  readonly name: string;
  readonly input: Fixed;
  readonly output?: Fixed;
  readonly cacheRead?: Fixed;
  readonly cacheWrite?: Fixed;
}

/** Three from the beginning, one more each twelve days, then one every few minutes. */
export const TOKEN_MODELS: readonly TokenModel[] = [
  model('zai-org-glm-5-1', 'GLM 5.1', '0.6', '2.8', '0.11'),
  model('kimi-k2-6', 'Kimi K2.6', '0.75', '3.2', '0.15'),
  model('text-embedding-bge-m3', 'BGE-M3', '0.15'),
  model('claude-opus-4-8', 'Claude Opus 4.8', '6', '30', '0.6', '7.5'),
  model('deepseek-v4-pro', 'DeepSeek V4 Pro', '0.3', '1.2', '0.03'),
  model('qwen3-7-max', 'Qwen 3.7 Max', '0.9', '3.6'),
  model('llama-5-maverick', 'Llama 5 Maverick', '0.25', '0.95'),
  model('mistral-large-4', 'Mistral Large 4', '1.1', '3.3'),
  model('gpt-oss-2-240b', 'GPT OSS 2 240B', '0.2', '0.8'),
];

export const FOUNDERS = 3;
export const SETTLERS = 3;

/** What is billed a piece; a service has no model but its own name. */
export const PIECES = [
  {
    sku: 'grok-imagine-image-image-unit',
    model: 'grok-imagine-image',
    name: 'Grok Imagine',
    type: 'images',
    modelType: 'IMAGE',
    price: parseDecimal('0.1'),
  },
  {
    sku: 'venice-sd35-image-unit',
    model: 'venice-sd35',
    name: 'Venice SD35',
    type: 'images',
    modelType: 'IMAGE',
    price: parseDecimal('0.01'),
  },
  {
    sku: 'wan-2.5-preview-text-to-video-duration-resolution-rate-10s-720p-audio',
    model: 'wan-2.5-preview',
    name: 'Wan 2.5 Preview',
    type: 'seconds',
    modelType: 'VIDEO',
    price: parseDecimal('0.8'),
  },
  {
    sku: 'minimax-music-v2-fixed',
    model: 'minimax-music-v2',
    name: 'MiniMax Music v2',
    type: 'seconds',
    modelType: null,
    price: parseDecimal('0.05'),
  },
  {
    sku: 'web-search-request',
    model: 'web-search-request',
    name: 'Web Search',
    type: 'requests',
    modelType: null,
    price: parseDecimal('0.01'),
  },
] as const;

export const API_KEYS = [
  { id: 'a1f0c3d2-0000-4000-8000-000000000001', description: 'Production' },
  { id: 'a1f0c3d2-0000-4000-8000-000000000002', description: 'Evaluation' },
  { id: null, description: 'Web App' },
] as const;

/** What the keys may spend: one in dollars a month, one in both currencies a day; the latter expires. */
export const KEY_LIMITS = [
  {
    ...API_KEYS[0],
    ...{ usd: '2500', diem: null, period: 'MONTH', expiresInDays: null },
  },
  {
    ...API_KEYS[1],
    ...{ usd: '50', diem: '40', period: 'EPOCH', expiresInDays: 20 },
  },
] as const;

function model(
  id: string,
  name: string,
  input: string,
  output?: string,
  cacheRead?: string,
  cacheWrite?: string,
): TokenModel {
  return {
    id,
    name,
    input: parseDecimal(input),
    ...(output && { output: parseDecimal(output) }),
    ...(cacheRead && { cacheRead: parseDecimal(cacheRead) }),
    ...(cacheWrite && { cacheWrite: parseDecimal(cacheWrite) }),
  };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSku } from './sku.ts';

const MEANINGS: readonly (readonly [sku: string, kind: string, model: string, tokenType?: string])[] = [
  ['zai-org-glm-5-1-llm-output-mtoken', 'tokens', 'zai-org-glm-5-1', 'output'],
  ['text-embedding-bge-m3-llm-input-mtoken', 'tokens', 'text-embedding-bge-m3', 'input'],
  ['llama-3.3-70b-llm-cache-input-mtoken', 'tokens', 'llama-3.3-70b', 'cached_input'],
  ['llama-3.3-70b-llm-cache-read-mtoken', 'tokens', 'llama-3.3-70b', 'cached_input'],
  ['claude-opus-4-5-llm-cache-write-mtoken', 'tokens', 'claude-opus-4-5', 'cache_write'],
  ['claude-opus-4-5-llm-cache-write-5m-mtoken', 'tokens', 'claude-opus-4-5', 'cache_write'],
  ['claude-opus-4-5-llm-cache-write-1h-mtoken', 'tokens', 'claude-opus-4-5', 'cache_write'],
  ['claude-opus-4-5-llm-extended-input-mtoken', 'tokens', 'claude-opus-4-5', 'input'],
  ['claude-opus-4-5-llm-extended-output-mtoken', 'tokens', 'claude-opus-4-5', 'output'],
  ['open-llm-7b-llm-output-mtoken', 'tokens', 'open-llm-7b', 'output'],
  ['deepseek-v4-pro-api-llm-reasoning-mtoken', 'units', 'deepseek-v4-pro-api'],
  ['qwen3-235b-llm-request', 'units', 'qwen3-235b'],
  ['grok-imagine-image-image-unit', 'units', 'grok-imagine-image'],
  ['nano-banana-pro-fixed-1K-1img', 'units', 'nano-banana-pro'],
  ['qwen-image-edit-fixed-1img', 'units', 'qwen-image'],
  ['wan-2.5-preview-text-to-video-duration-rate-1080p', 'units', 'wan-2.5-preview'],
  ['wan-2.5-preview-image-to-video-duration-rate-720p', 'units', 'wan-2.5-preview'],
  ['ace-step-duration-based-60s', 'units', 'ace-step'],
  ['elevenlabs-music-fixed-1min', 'units', 'elevenlabs-music'],
  ['search-augmentation', 'units', 'search-augmentation'],
  ['web-search-request', 'units', 'web-search-request'],
  ['credit-purchase', 'purchase', ''],
  ['crypto-top-up', 'purchase', ''],
  ['account-topup', 'purchase', ''],
  ['usdc-deposit', 'purchase', ''],
  ['credit-scorer-llm-input-mtoken', 'tokens', 'credit-scorer', 'input'],
  ['voice-clone', 'unknown', 'voice-clone'],
  ['-llm-input-mtoken', 'unknown', '-llm-input-mtoken'],
  ['', 'unknown', ''],
];

describe('SKUs', () => {
  for (const [name, kind, model, tokenType] of MEANINGS) {
    it(`${name || 'without a name'} is ${kind} of ${model || 'no model'}`, () => {
      const sku = parseSku(name);
      assert.deepEqual([sku.kind, sku.model, sku.tokenType], [kind, model, tokenType]);
    });
  }

  it('tells of LLM units it does not know', () => {
    assert.equal(parseSku('m-llm-reasoning-mtoken').odd, true);
    assert.equal(parseSku('m-llm-input-mtoken').odd, undefined);
  });
});

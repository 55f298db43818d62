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
  ['m-llm-cache_write-mtoken', 'tokens', 'm', 'cache_write'],
  ['m-llm-cache_write_1h-mtoken', 'tokens', 'm', 'cache_write'],
  ['m-llm-cache_read-mtoken', 'tokens', 'm', 'cached_input'],
  ['m-llm-cached-input-mtoken', 'tokens', 'm', 'cached_input'],
  ['claude-opus-4-5-llm-extended-cache-write-5m-mtoken', 'tokens', 'claude-opus-4-5', 'cache_write'],
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
  ['wan-2-7-enhanced-text-to-video-duration-rate-720p', 'units', 'wan-2-7-enhanced'],
  ['wan-2.5-preview-text-to-video-duration-resolution-rate-10s-720p-audio', 'units', 'wan-2.5-preview'],
  ['wan-2.5-preview-text-to-video-duration-resolution-rate-5s-480p', 'units', 'wan-2.5-preview'],
  ['wan-2.5-preview-image-to-video-duration-resolution-rate-10s-1080p', 'units', 'wan-2.5-preview'],
  ['sora-2-pro-image-to-video-duration-resolution-rate-8s-720p-audio', 'units', 'sora-2-pro'],
  ['veo31-full-text-to-video-duration-rate-8s-720p-audio', 'units', 'veo31-full'],
  ['veo31-full-duration-resolution-rate-8s-4k-no-audio', 'units', 'veo31-full'],
  ['kling-v3-pro-text-to-video-duration-rate-5s', 'units', 'kling-v3-pro'],
  ['kling-v3-pro-reference-to-video-duration-resolution-rate-10s-4K', 'units', 'kling-v3-pro'],
  ['topaz-video-to-video-resolution-2x', 'units', 'topaz'],
  ['topaz-video-upscale-2x', 'units', 'topaz-video-upscale'],
  ['grok-imagine-text-to-video-resolution-720p', 'units', 'grok-imagine'],
  ['grok-imagine-text-to-video-720p', 'units', 'grok-imagine'],
  ['grok-imagine-image-to-video', 'units', 'grok-imagine'],
  ['grok-imagine-resolution-720p', 'units', 'grok-imagine'],
  ['grok-imagine-5s-720p-audio', 'units', 'grok-imagine'],
  ['grok-imagine-720p', 'units', 'grok-imagine'],
  ['open-llm-video-text-to-video-720p', 'units', 'open-llm-video'],
  ['minimax-music-v2-fixed', 'units', 'minimax-music-v2'],
  ['grok-imagine-fixed-websearch-1img', 'units', 'grok-imagine'],
  ['qwen-image-fixed-1K-1img', 'units', 'qwen-image'],
  ['nano-banana-pro-edit-fixed-4K-1img', 'units', 'nano-banana-pro'],
  ['stable-audio-25-fixed-1min', 'units', 'stable-audio-25'],
  ['ace-step-duration-based-60s', 'units', 'ace-step'],
  ['elevenlabs-music-fixed-1min', 'units', 'elevenlabs-music'],
  ['search-augmentation', 'units', 'search-augmentation'],
  ['web-search-request', 'units', 'web-search-request'],
  ['credit-purchase', 'purchase', ''],
  ['crypto-top-up', 'unknown', 'crypto-top-up'],
  ['credit-purchase-2', 'unknown', 'credit-purchase-2'],
  ['billing-refund', 'refund', 'billing-refund'],
  ['credit-refund', 'refund', 'credit-refund'],
  ['usd-credit-adjustment', 'refund', 'usd-credit-adjustment'],
  ['account_adjustment', 'refund', 'account_adjustment'],
  ['bundled-credit-grant', 'grant', 'bundled-credit-grant'],
  ['bundled_credit_grant', 'grant', 'bundled_credit_grant'],
  ['promo-grant-adjustment', 'grant', 'promo-grant-adjustment'],
  ['signup-bonus', 'grant', 'signup-bonus'],
  ['bundled-credit-expiry', 'grant', 'bundled-credit-expiry'],
  ['immigrant', 'unknown', 'immigrant'],
  ['promo-writer-llm-input-mtoken', 'tokens', 'promo-writer', 'input'],
  ['refund-helper-fixed', 'units', 'refund-helper'],
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

  it('names the model of a shape that goes on in an unknown way, and says that it is odd', () => {
    for (const name of ['m-llm-reasoning-mtoken', 'm-text-to-video-cinema-9', 'm-fixed-weekly']) {
      const { model, odd } = parseSku(name);
      assert.deepEqual([model, odd], ['m', true], name);
    }
    assert.equal(parseSku('m-llm-input-mtoken').odd, undefined);
    assert.equal(parseSku('m-text-to-video-720p').odd, undefined);
  });
});

"use strict";

/** Hands what comes in to the page, 10 ms at a time. */
class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(480);
    this.filled = 0;
  }

  process([input]) {
    const samples = input.length ? input[0] : new Float32Array(128);
    for (const sample of samples) {
      this.block[this.filled++] = sample;
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);

"use strict";

/** One call of the browser. What it hears is kept as samples, with the time they began. */
class Phone {
  constructor() {
    this.peer = new RTCPeerConnection();
    this.context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    this.blocks = [];
    this.onset = null; // ms since 1970, of the first loud block after `await_sound`
    this.isWaiting = false;
    this.peer.ontrack = (event) => this.hear(event.track);
  }

  /** Our offer, before any candidate is gathered. */
  async offer({ speak = true } = {}) {
    await this.context.audioWorklet.addModule("recorder.js");
    if (speak) {
      const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: raw });
      this.microphone = stream.getAudioTracks()[0];
      this.sender = this.peer.addTrack(this.microphone, stream);
    } else {
      this.peer.addTransceiver("audio", { direction: "recvonly" });
    }
    await this.peer.setLocalDescription();
    return this.peer.localDescription.sdp;
  }

  async connect(sdp) {
    const connected = new Promise((resolve, reject) => {
      this.peer.onconnectionstatechange = () => {
        if (this.peer.connectionState === "connected") resolve();
        if (this.peer.connectionState === "failed") reject(new Error("no connection"));
      };
    });
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    await connected;
  }

  hear(track) {
    const stream = new MediaStream([track]);
    // Chromium gives a remote track to Web Audio only while a media element plays it
    this.element = new Audio();
    this.element.muted = true;
    this.element.srcObject = stream;
    this.element.play();
    const recorder = new AudioWorkletNode(this.context, "recorder");
    recorder.port.onmessage = ({ data }) => this.keep(data);
    this.context.createMediaStreamSource(stream).connect(recorder);
    recorder.connect(this.context.destination);
  }

  keep(samples) {
    this.blocks.push(samples);
    if (this.isWaiting && samples.some((sample) => Math.abs(sample) > 0.05)) {
      this.onset = performance.timeOrigin + performance.now();
      this.isWaiting = false;
    }
  }

  awaitSound() {
    this.onset = null;
    this.isWaiting = true;
  }

  /** What was heard so far: 16-bit samples, 48 kHz, as base64. */
  heard() {
    const samples = new Int16Array(this.blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of this.blocks) {
      for (const sample of block) samples[at++] = Math.max(-1, Math.min(1, sample)) * 32767;
    }
    const bytes = new Uint8Array(samples.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) {
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    }
    return btoa(text);
  }

  /** Open or close the microphone; returns when, in ms since 1970. */
  speak(isOn) {
    this.microphone.enabled = isOn;
    return performance.timeOrigin + performance.now();
  }

  press(digits) {
    this.sender.dtmf.insertDTMF(digits, 100, 70);
  }

  /** getStats() by type; where there are several of one, the last. */
  async statistics() {
    const reports = {};
    (await this.peer.getStats()).forEach((report) => (reports[report.type] = report));
    return reports;
  }

  close() {
    this.peer.close();
    this.context.close();
  }
}

window.phone = new Phone();

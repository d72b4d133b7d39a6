// Sending files ahead of the message that names them.

import { say, megabytes, told } from "./words.js";

export class UploadError extends Error {}

// The ref of the uploaded file. Tries again while the server is busy or out of reach; throws UploadError when it is no use.
export async function upload(phone, file, onprogress) {
  if (file.size > told.mostBytes) throw new UploadError(say("too-large", { most: megabytes(told.mostBytes) }));
  for (let attempt = 0; ; attempt++) {
    const { status, ref } = await post(phone, file, onprogress);
    if (status === 200) return ref;
    if (status === 413) throw new UploadError(say("too-large", { most: megabytes(told.mostBytes) }));
    if (status === 401) await fetch("/chat/session", { method: "POST" }).catch(() => null);
    else if (status >= 400 && status < 500 && status !== 429) throw new UploadError(say("not-sent"));
    await new Promise((resolve) => setTimeout(resolve, Math.min(15000, 800 * 2 ** attempt) * (0.5 + Math.random())));
  }
}

// XMLHttpRequest, because fetch does not tell how much has gone.
function post(phone, file, onprogress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/chat/upload?phone=${phone}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onprogress(event.loaded / event.total);
    request.onload = () => resolve({ status: request.status, ref: request.response?.ref });
    request.onerror = request.onabort = () => resolve({ status: 0 });
    request.send(file);
  });
}

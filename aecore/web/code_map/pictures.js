// The small pictures of the images. They arrive in a message of their own, so that another colouring does not
// send them again, and every map on the page finds them here.

export const atlases = new Map(); // id -> {width, height, columns, image}
export const waiting = new Set(); // what is to be called when pictures have come

export async function receive(bytes) {
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  if (atlases.has(header.id)) return;
  atlases.set(header.id, null);
  const image = await createImageBitmap(new Blob([bytes.subarray(start)], { type: header.type }));
  atlases.set(header.id, { ...header, image });
  for (const id of [...atlases.keys()].slice(0, -3)) atlases.delete(id);
  waiting.forEach((refresh) => refresh());
}

// Small pictures to choose one from; the click goes to Python as the picked picture's number.

export default function mount({ data, parentElement, setTriggerValue }) {
  const pictures = fromBase64(data.images);
  const size = data.shape.reduce((a, b) => a * b);
  parentElement.querySelector(".thumbnails").replaceChildren(...data.numbers.map((number, i) => {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.type = "button";
    button.setAttribute("aria-label", `Image ${number}`);
    button.setAttribute("aria-pressed", String(number === data.chosen));
    button.title = `Image ${number}`;
    button.addEventListener("click", () => setTriggerValue("picked", number));
    paint(canvas, pictures.subarray(i * size, (i + 1) * size), data.shape, 1);
    button.append(canvas);
    return button;
  }));
}

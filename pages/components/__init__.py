"""What runs in the browser: each folder holds a component's page parts and the function that shows it."""

"""Parts of the Codes page: what is drawn, the t-SNE that runs beside it, and what a selection shows."""

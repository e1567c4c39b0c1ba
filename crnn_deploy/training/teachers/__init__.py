"""Teachers: any artifact that answers with CTC or class logits, asked once about each image."""

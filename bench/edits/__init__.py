"""What runs again after an edit, in Smithers and in Dynamic Workflows."""

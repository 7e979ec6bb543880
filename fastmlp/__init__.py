"""Small networks, few labels: which transfer strategy?"""

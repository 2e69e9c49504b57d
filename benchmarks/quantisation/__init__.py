"""What quantisation costs, and what divisive inhibition in integers keeps, on MNIST and the digits."""

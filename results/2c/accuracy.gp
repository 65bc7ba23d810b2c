load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.8:1]
set key bottom right
eval "plot ".train_accuracy("2c", 5, "train, seed 1").", ".validation("2c", "accuracy", 5, "validation")

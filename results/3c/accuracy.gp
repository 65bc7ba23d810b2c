load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set key font ",14"
set xrange [0:27000]
set yrange [0.76:1.005]
set key bottom right
eval "plot ".train_accuracy("2c", 5, "train, seed 1: 2c").", ".train_accuracy("3a", 3, "train, seed 1: 3a").", ".\
    train_accuracy("3b", 4, "train, seed 1: 3b").", ".train_accuracy("3c", 1, "train, seed 1: 3c").", ".\
    validation("2c", "accuracy", 5, "validation: 2c").", ".validation("3a", "accuracy", 3, "validation: 3a").", ".\
    validation("3b", "accuracy", 4, "validation: 3b").", ".\
    validation("3c", "accuracy", 1, "validation: 3c")
